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

const FAST = { sessionTimeoutMs: 1_500, heartbeatIntervalMs: 300, rebalanceTimeoutMs: 4_000, maxWaitMs: 50 };

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
    const inputs = texts(200);
    await produce(brokers, transactions, inputs);
    for (const count of [1, 4]) {
      const victim = await join({ killAt: { name, count } });
      expect((await victim.exited).signal).toBe('SIGKILL');
      // never ahead of what is published
      const committed = [...(await committedOf(brokers, group, transactions)).values()].filter((offset) => offset > 0n);
      const sum = committed.reduce((total, offset) => total + offset, 0n);
      expect(sum).toBeLessThanOrEqual(BigInt(new Set(await decided()).size));
    }
    const healthy = await join();
    await allDecided(200);
    healthy.child.kill('SIGTERM');
    expect(await healthy.exited).toEqual({ code: 0, signal: null });
    const decisions = await decided();
    expectExact(decisions, inputs);
    expect(decisions.length).toBeLessThanOrEqual(200 + 2 * 10 * 2 * 5);
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
