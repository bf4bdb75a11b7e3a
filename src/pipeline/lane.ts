/**
 * Work of one kind, one after the other. Chunks of four partitions are scored side by side; if all were recorded at once,
 * each would wait for the other three inside Redis, and a healthy server would look late (measured: with 256 transactions
 * a chunk, a worker that caught up found the limits' counters late every second).
 */
export type Lane = <T>(work: () => Promise<T>) => Promise<T>;

export function createLane(): Lane {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    // the next one waits for the end of this one, however it ends
    last = result.catch(() => undefined);
    return result;
  };
}
