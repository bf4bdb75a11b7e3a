/**
 * kafkajs beats only when it is called: while a chunk is in hand, or while we wait for an outage to end, somebody has to.
 * Not for ever: a chunk that hangs must lose its membership one day, so that another member gets the partition.
 */
export interface HeartbeatOptions {
  readonly beat: () => Promise<void>;
  readonly everyMs: number;
  /** after this no more heartbeats: the session runs out */
  readonly limitMs: number;
}

/** Does the work with heartbeats beside it; answers what a heartbeat threw meanwhile, for the caller to throw. */
export async function withHeartbeats(options: HeartbeatOptions, work: () => Promise<void>): Promise<unknown> {
  const end = performance.now() + options.limitMs;
  let failure: unknown;
  const timer = setInterval(() => {
    if (failure !== undefined || performance.now() > end) clearInterval(timer);
    else
      options.beat().catch((error: unknown) => {
        failure ??= error;
      });
  }, options.everyMs);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return failure;
}
