import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createOffsetTracker } from '../../src/consumers/offset-tracker.ts';

/** The promise in its plainest form: the end of the longest run of finished ranges from the start. */
function prefixEnd(nexts: readonly bigint[], finished: ReadonlySet<number>): bigint | undefined {
  let end: bigint | undefined;
  for (const [index, next] of nexts.entries()) {
    if (!finished.has(index)) break;
    end = next;
  }
  return end;
}

const ranges = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 }).map((sizes) => {
  let next = 0n;
  return sizes.map((size) => {
    next += BigInt(size);
    return next;
  });
});

it('answers the end of the contiguous finished prefix after every step, in whatever order ranges finish', () => {
  fc.assert(
    fc.property(ranges, fc.infiniteStream(fc.nat()), fc.boolean(), (nexts, picks, commitsMeanwhile) => {
      const tracker = createOffsetTracker();
      const handles = nexts.map((next) => tracker.begin(next));
      const open = nexts.map((_, index) => index);
      const finished = new Set<number>();
      let committed: bigint | undefined;
      while (open.length > 0) {
        const [index = 0] = open.splice((picks.next().value ?? 0) % open.length, 1);
        handles[index]?.finish();
        finished.add(index);
        const end = prefixEnd(nexts, finished);
        expect(tracker.committable()).toBe(end === committed ? undefined : end);
        if (commitsMeanwhile && end !== undefined) {
          tracker.committed(end);
          committed = end;
        }
        expect(tracker.inFlight()).toBe(nexts.length - (end === undefined ? 0 : nexts.indexOf(end) + 1));
      }
    }),
  );
});
