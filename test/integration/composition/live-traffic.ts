/** A steady stream of transactions through a running stack, and what was decided about each of them, when. */
import type { RealOptions, RealStack } from '../../../src/composition/real-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { aMessage, bytesOf } from '../../helpers/a-transaction.ts';

export interface Decided {
  readonly atMs: number;
  readonly decision: Decision;
}

export interface Traffic {
  readonly decided: readonly Decided[];
  readonly onScored: NonNullable<RealOptions['onScored']>;
  /** one transaction each `everyMs` until `stop`; of ten customers in turn */
  start(stack: RealStack, topic: string, everyMs?: number): void;
  /** ends the stream and waits until everything that was sent is decided */
  stop(): Promise<void>;
  /** sent of each customer so far */
  readonly sent: ReadonlyMap<string, number>;
  /** sends one more of every customer and answers the decisions of those */
  probe(stack: RealStack, topic: string): Promise<readonly Decision[]>;
}

const CUSTOMERS = 10;
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(isTrue: () => boolean | Promise<boolean>, patienceMs = 30_000): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`it did not become true within ${patienceMs} ms`);
    await sleep(20);
  }
}

export function createTraffic(prefix: string): Traffic {
  const decided: Decided[] = [];
  const sent = new Map<string, number>();
  let count = 0;
  let isOn = false;
  let stream: Promise<void> = Promise.resolve();

  const next = (customer = count % CUSTOMERS) => {
    const customerId = `${prefix}-C${customer}`;
    sent.set(customerId, (sent.get(customerId) ?? 0) + 1);
    const transactionId = `${prefix}-${count++}`;
    const message = aMessage({
      transactionId,
      customerId,
      accountId: `${customerId}-A`,
      device: { id: `${customerId}-D` },
      amountMinor: 100,
      occurredAt: new Date().toISOString(),
    });
    return { key: customerId, value: bytesOf(message) };
  };
  const whenAllDecided = (): Promise<void> => until(() => decided.length >= count);
  return {
    decided,
    sent,
    onScored: (results) => {
      for (const result of results) {
        if (result.kind === 'decided' && result.decision !== undefined)
          decided.push({ atMs: performance.now(), decision: result.decision });
      }
    },
    start(stack, topic, everyMs = 20) {
      isOn = true;
      stream = (async () => {
        while (isOn) {
          await stack.bus.publish(topic, [next()]);
          await sleep(everyMs);
        }
      })();
    },
    async stop() {
      isOn = false;
      await stream;
      await whenAllDecided();
    },
    async probe(stack, topic) {
      const from = decided.length;
      await stack.bus.publish(
        topic,
        Array.from({ length: CUSTOMERS }, (_, customer) => next(customer)),
      );
      await whenAllDecided();
      return decided.slice(from).map(({ decision }) => decision);
    },
  };
}
