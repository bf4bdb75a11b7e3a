/** Starts workers as processes, and reads topics whole: what the fault tests share. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { compileForChild } from '../../helpers/servers/compile-for-child.ts';
import { testAdmin } from '../../helpers/servers/kafka-admin.ts';
import { forgetProcess, reapProcess } from '../../helpers/servers/reaper.ts';
import type { MemberOptions } from './fixture/member.ts';

export interface Member {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  lines(): readonly string[];
  /** resolves when it has said a line that begins so, `count` times */
  said(start: string, count?: number): Promise<void>;
}

let compiled: Promise<string> | undefined;

export async function startMember(options: MemberOptions): Promise<Member> {
  compiled ??= compileForChild(path.join(import.meta.dirname, 'fixture/member.ts'));
  const child = spawn(process.execPath, [await compiled], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, MEMBER_OPTIONS: JSON.stringify(options) },
  });
  const pid = child.pid ?? 0;
  reapProcess(pid, 'KILL');
  const lines: string[] = [];
  let rest = '';
  child.stdout.on('data', (data: Buffer) => {
    const parts = (rest + data.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      forgetProcess(pid);
      resolve({ code, signal });
    });
  });
  return {
    child,
    exited,
    lines: () => lines,
    async said(start, count = 1) {
      const end = Date.now() + 40_000;
      while (lines.filter((line) => line.startsWith(start)).length < count) {
        if (Date.now() > end) throw new Error(`the member did not say "${start}" ${count} times: ${lines.join('; ')}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}

/** `count` texts "customer-K/N", each customer's in order. */
export const texts = (count: number, customers = 20): string[] =>
  Array.from({ length: count }, (_, index) => `customer-${index % customers}/${index}`);

export async function produce(brokers: string, topic: string, values: readonly string[]): Promise<void> {
  const producer = client(brokers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ key: value.split('/')[0] ?? '', value })) });
  await producer.disconnect();
}

const client = (brokers: string): Kafka =>
  new Kafka({
    clientId: 'vigil-test',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 20 },
  });

/** Every message of a topic up to its present end, by a plain kafkajs consumer: not by the code under test. */
export async function readTopic(
  brokers: string,
  topic: string,
): Promise<{ partition: number; offset: bigint; value: string }[]> {
  const ends = await endsOf(brokers, topic);
  const total = [...ends.values()].reduce((sum, end) => sum + end, 0n);
  const seen: { partition: number; offset: bigint; value: string }[] = [];
  if (total === 0n) return seen;
  const consumer = client(brokers).consumer({ groupId: `read-${topic}-${Math.random()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      seen.push({ partition, offset: BigInt(message.offset), value: String(message.value) });
    },
  });
  const limit = Date.now() + 30_000;
  while (BigInt(seen.length) < total) {
    if (Date.now() > limit) throw new Error(`read ${seen.length} of ${total} messages of ${topic}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await consumer.disconnect();
  return seen;
}

export async function endsOf(brokers: string, topic: string): Promise<Map<number, bigint>> {
  const admin = testAdmin(brokers);
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, BigInt(high)]));
  } finally {
    await admin.disconnect();
  }
}

export async function committedOf(brokers: string, group: string, topic: string): Promise<Map<number, bigint>> {
  const admin = testAdmin(brokers);
  await admin.connect();
  try {
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return new Map((offsets?.partitions ?? []).map(({ partition, offset }) => [partition, BigInt(offset)]));
  } finally {
    await admin.disconnect();
  }
}
