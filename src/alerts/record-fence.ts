/**
 * Which part of a batch is still to be written, from the offset that the store itself holds for the partition. Pure.
 *
 * A repeat after a lost acknowledgement of a commit ends exactly at the stored offset and changes nothing; a batch that
 * overlaps is written from the stored offset on. A batch that ends before it comes from a consumer that no longer owns the
 * partition: it is refused, so that it asks for its place anew. A gap in front is no fault: offsets of a compacted or
 * transactional topic have gaps.
 */
import { VigilError } from '../domain/errors.ts';
import type { DecisionBatch } from '../domain/ports.ts';

export function unwrittenPart(batch: DecisionBatch, storedNextOffset: bigint | undefined): DecisionBatch['decisions'] {
  if (storedNextOffset === undefined) return batch.decisions;
  if (storedNextOffset > batch.nextOffset) {
    throw new VigilError(
      'ALERT_STORE_FENCED',
      `Another consumer has written partition ${batch.partition} of ${batch.topic} further: read on from the store's next offset.`,
      {
        context: {
          topic: batch.topic,
          partition: batch.partition,
          batchNextOffset: String(batch.nextOffset),
          storedNextOffset: String(storedNextOffset),
        },
      },
    );
  }
  return batch.decisions.filter(({ offset }) => offset >= storedNextOffset);
}
