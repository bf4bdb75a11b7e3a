/**
 * Which offset of a partition may be committed: the end of the contiguous finished prefix, and nothing after the partition
 * was revoked. Pure; offsets may have gaps (compaction, transaction markers), so what is tracked are ranges in order.
 *
 * Why only the prefix: with 0–9 unfinished and 10–19 finished, committing 20 and dying would lose 0–9 for ever. Why nothing
 * after revocation: the next owner has already begun elsewhere, and a late commit would move its position back or forth.
 */
export interface OffsetRange {
  finish(): void;
  /** gives up this range and those begun after it: they will be begun anew */
  abandon(): void;
}

export interface OffsetTracker {
  /** Begins a range that ends before `next`; ranges begin in offset order. */
  begin(next: bigint): OffsetRange;
  /** the next offset to read after the finished prefix, when it is beyond what was committed; never after `revoke` */
  committable(): bigint | undefined;
  /** what the broker has taken; an older one never moves it back */
  committed(next: bigint): void;
  revoke(): void;
  isRevoked(): boolean;
  /** begun and not finished */
  inFlight(): number;
}

export function createOffsetTracker(): OffsetTracker {
  const ranges: { readonly next: bigint; isFinished: boolean }[] = [];
  let begun: bigint | undefined;
  let finished: bigint | undefined;
  let committed: bigint | undefined;
  let revoked = false;

  const advance = (): void => {
    while (ranges[0]?.isFinished) finished = ranges.shift()?.next;
  };
  return {
    begin(next) {
      if (begun !== undefined && next <= begun) throw new RangeError(`range ${next} begins after range ${begun}`);
      begun = next;
      const range = { next, isFinished: false };
      ranges.push(range);
      return {
        finish() {
          range.isFinished = true;
          advance();
        },
        abandon() {
          const at = ranges.indexOf(range);
          if (at < 0) return;
          ranges.splice(at);
          begun = ranges.at(-1)?.next ?? finished;
        },
      };
    },
    committable() {
      if (revoked || finished === undefined) return undefined;
      return committed === undefined || finished > committed ? finished : undefined;
    },
    committed(next) {
      if (committed === undefined || next > committed) committed = next;
    },
    revoke() {
      revoked = true;
    },
    isRevoked: () => revoked,
    inFlight: () => ranges.length,
  };
}
