/**
 * Workers that die, freeze, join and leave, on a real broker: no input without its decision, no decision that differs
 * from its repeats, no committed offset that goes back.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { ownTopics } from '../../helpers/servers/own.ts';
import { committedOf, endsOf, type Member, produce, readTopic, startMember, texts } from './members.ts';

const members: Member[] = [];
afterEach(async () => {
  for (const { child, exited } of members.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
});

/** VIGIL_TEST_KILLS=50 for the long run */
const KILLS = Number(process.env.VIGIL_TEST_KILLS ?? 2);
const FAST = {
  sessionTimeoutMs: 1_500,
  heartbeatIntervalMs: 300,
  rebalanceTimeoutMs: 4_000,
  maxWaitMs: 50,
  commitIntervalMs: 30,
};

async function setUp(partitions: number) {
  const topics = ownTopics('members');
  const [transactions = '', decisions = '', deadLetters = ''] = await topics.create({
    in: { partitions },
    out: { partitions },
    dead: {},
  });
  const common = {
    brokers: topics.brokers,
    transactions,
    decisions,
    deadLetters,
    group: `${transactions}-group`,
    maxChunk: 10,
    consumer: FAST,
  };
  const join = async (extra: Partial<Parameters<typeof startMember>[0]> = {}): Promise<Member> => {
    const member = await startMember({ ...common, ...extra });
    members.push(member);
    return member;
  };
  const decided = async (): Promise<string[]> => (await readTopic(topics.brokers, decisions)).map(({ value }) => value);
  const allDecided = (count: number) =>
    expect.poll(async () => new Set(await decided()).size, { timeout: 40_000, interval: 300 }).toBe(count);
  return { ...common, join, decided, allDecided };
}

/** Inputs = distinct decisions, exactly. */
function expectExact(decisions: readonly string[], inputs: readonly string[]): void {
  expect([...new Set(decisions)].sort()).toEqual(inputs.map((text) => `decision of ${text}`).sort());
}

describe('a worker killed with SIGKILL', () => {
  it.each(['received', 'scored', 'published'] as const)('at "%s" loses nothing: the next one goes on', async (name) => {
    const { brokers, transactions, group, join, decided, allDecided } = await setUp(2);
    const inputs = texts(KILLS * 100);
    await produce(brokers, transactions, inputs);
    for (let kill = 0; kill < KILLS; kill++) {
      const count = 1 + ((kill * 3) % 5);
      const victim = await join({ killAt: { name, count } });
      expect((await victim.exited).signal).toBe('SIGKILL');
      // never ahead of what is published
      const committed = [...(await committedOf(brokers, group, transactions)).values()].filter((offset) => offset > 0n);
      const sum = committed.reduce((total, offset) => total + offset, 0n);
      expect(sum).toBeLessThanOrEqual(BigInt(new Set(await decided()).size));
    }
    const healthy = await join();
    await allDecided(inputs.length);
    healthy.child.kill('SIGTERM');
    expect(await healthy.exited).toEqual({ code: 0, signal: null });
    const decisions = await decided();
    expectExact(decisions, inputs);
    // a kill repeats at most what was done since the last commit
    expect(decisions.length).toBeLessThanOrEqual(inputs.length + KILLS * 5 * 2 * 10);
    expect(await committedOf(brokers, group, transactions)).toEqual(await endsOf(brokers, transactions));
  });

  it('is replaced by the member that lives, within its session timeout and a rebalance', async () => {
    const { brokers, transactions, join, decided, allDecided } = await setUp(4);
    const first = await join();
    const second = await join();
    await second.said('assigned');
    await produce(brokers, transactions, texts(100));
    await allDecided(100);
    first.child.kill('SIGKILL');
    const start = performance.now();
    await produce(brokers, transactions, texts(200).slice(100));
    await allDecided(200);
    expect(performance.now() - start).toBeLessThan(15_000);
    expectExact(await decided(), texts(200));
  });
});

describe.runIf(process.env.VIGIL_TEST_LONG === '1')('workers killed at random for a minute', () => {
  it('lose nothing, and are healthy again within a minute', { timeout: 200_000 }, async () => {
    const seed = Number(process.env.VIGIL_TEST_SEED ?? Date.now() % 1_000_000);
    process.stdout.write(`seed ${seed} (VIGIL_TEST_SEED)\n`);
    const random = seededRandom(seed);
    const { brokers, transactions, group, join, decided, allDecided } = await setUp(4);
    const running = await Promise.all([join(), join(), join()]);
    const end = Date.now() + 60_000;
    let made = 0;
    while (Date.now() < end) {
      await produce(brokers, transactions, texts(made + 200, 40).slice(made));
      made += 200;
      await new Promise((resolve) => setTimeout(resolve, random() * 6_000));
      const index = Math.floor(random() * running.length);
      running[index]?.child.kill('SIGKILL');
      running[index] = await join();
    }
    const start = Date.now();
    await allDecided(made);
    expect(Date.now() - start).toBeLessThan(60_000);
    expectExact(await decided(), texts(made, 40));
    await expect
      .poll(() => committedOf(brokers, group, transactions), { timeout: 10_000 })
      .toEqual(await endsOf(brokers, transactions));
  });
});

/** mulberry32 (Tommy Ettinger, public domain algorithm) */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a worker on SIGTERM', () => {
  it('finishes what it has in hand, commits it, exits 0, and nothing is decided twice', async () => {
    const { brokers, transactions, join, decided, allDecided } = await setUp(2);
    await produce(brokers, transactions, texts(300));
    const first = await join({ chunkMs: 30 });
    await first.said('chunk', 4);
    const start = performance.now();
    first.child.kill('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(10_000);
    await join();
    await allDecided(300);
    expect((await decided()).length).toBe(300);
  });
});

describe('a zombie', () => {
  it('frozen for longer than its session moves no offset back, and joins again when it wakes', async () => {
    const { brokers, transactions, group, join, decided, allDecided } = await setUp(2);
    const zombie = await join({ chunkMs: 200 });
    await produce(brokers, transactions, texts(100));
    await zombie.said('chunk', 2);
    zombie.child.kill('SIGSTOP');
    const other = await join();
    await other.said('assigned 0,1');
    await allDecided(100);
    const ends = await endsOf(brokers, transactions);
    await expect.poll(() => committedOf(brokers, group, transactions), { timeout: 10_000 }).toEqual(ends);
    const before = zombie.lines().filter((line) => line.startsWith('assigned')).length;
    zombie.child.kill('SIGCONT');
    await zombie.said('assigned', before + 1);
    expect(await committedOf(brokers, group, transactions)).toEqual(ends);
    await produce(brokers, transactions, texts(150).slice(100));
    await allDecided(150);
    expectExact(await decided(), texts(150));
    expect(zombie.lines().some((line) => line.startsWith('died'))).toBe(false);
    expect(zombie.child.exitCode).toBeNull();
  });
});

describe('members that come and go', () => {
  it('leave nothing undecided, and few things decided twice', async () => {
    const { brokers, transactions, group, join, decided, allDecided } = await setUp(6);
    const inputs = texts(1200, 60);
    let running: Member[] = [await join({ chunkMs: 5 })];
    for (let round = 0; round < 6; round++) {
      await produce(brokers, transactions, inputs.slice(round * 200, round * 200 + 200));
      if (round % 2 === 0) running.push(await join({ chunkMs: 5 }));
      else {
        const [leaving, ...rest] = running;
        leaving?.child.kill(round === 3 ? 'SIGKILL' : 'SIGTERM');
        running = rest;
      }
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    await allDecided(1200);
    const decisions = await decided();
    expectExact(decisions, inputs);
    expect(decisions.length).toBeLessThan(1200 * 1.3);
    await expect
      .poll(() => committedOf(brokers, group, transactions), { timeout: 10_000 })
      .toEqual(await endsOf(brokers, transactions));
  });
});
