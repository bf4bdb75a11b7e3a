/**
 * The agreed work in this process: the store beside a plain version that keeps count and sum alone, in CPU time. Both get
 * the same transactions in chunks of 64; making them is not measured.
 */
import type { FeatureStore } from '../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../src/features/memory-feature-store.ts';
import { catalogueOf, DAY, HOUR } from '../helpers/feature-cases.ts';
import { createPlainTwin } from './velocity-designs.ts';
import { AGREED_FEATURES, chunksOf, type Workload } from './velocity-workload.ts';

const PLAIN_WINDOWS = [30 * DAY, 7 * DAY, DAY, HOUR, HOUR / 6];

type Work = (chunk: readonly ParsedTransaction[]) => unknown;

function plainWork(): Work {
  const twin = createPlainTwin(PLAIN_WINDOWS);
  return (chunk) => {
    for (const { transaction } of chunk)
      twin(
        [transaction.customerId, transaction.counterparty?.accountId ?? '', transaction.device?.id ?? ''],
        transaction.occurredAtMs,
        transaction.amountMinor ?? 0,
      );
  };
}

function storeWork(keepsProfiles: boolean): Work {
  const catalogue = catalogueOf(AGREED_FEATURES, 2 * HOUR);
  const store: FeatureStore = createMemoryFeatureStore({ catalogue, keepsProfiles });
  return (chunk) => store.recordAndRead(chunk);
}

/** Transactions per second of CPU time over the second half of the workload, whose first half has filled the state. */
async function rateOf(workload: Workload, work: Work): Promise<number> {
  const half = Math.floor(workload.size / 2);
  let micros = 0;
  let done = 0;
  for (const chunk of chunksOf(workload, 0, workload.size, 64)) {
    const before = process.cpuUsage();
    await work(chunk);
    const { user, system } = process.cpuUsage(before);
    if (done > half) micros += user + system;
    done += chunk.length;
  }
  return (1e6 * (workload.size - half)) / micros;
}

const show = (rate: number): string => rate.toFixed(0).padStart(8);

export async function inProcess(workload: Workload, say: (text: string) => void): Promise<void> {
  const plain = await rateOf(workload, plainWork());
  say(`in process, plain:      ${show(plain)} tx/s (count and sum alone, no repeats, no bounds)`);
  for (const keepsProfiles of [false, true]) {
    const rate = await rateOf(workload, storeWork(keepsProfiles));
    const name = keepsProfiles ? 'in process + profile:  ' : 'in process, ours:      ';
    say(`${name} ${show(rate)} tx/s, ratio to plain ${(rate / plain).toFixed(2)}`);
  }
}
