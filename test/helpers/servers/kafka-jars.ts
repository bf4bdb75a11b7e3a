/**
 * The Apache Kafka server's jars from Maven, each pinned by the sha256 in kafka-jars.lock.json, in a cache folder.
 * Maven runs only when the cache lacks a jar (5–7 s cold, 50 ms of checking warm). Safe to call from two processes.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runCommand } from './run-command.ts';

export const KAFKA_VERSION = '4.3.1';

const file = (name: string): string => path.join(import.meta.dirname, name);

export const cacheFolder = (): string =>
  path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'vigil');

/** path in Maven's repository layout → sha256 */
function readLock(): Record<string, string> {
  return JSON.parse(readFileSync(file('kafka-jars.lock.json'), 'utf8'));
}

export const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** True when every jar is there; throws when one is not what the lock says. */
function isComplete(folder: string, lock: Record<string, string>): boolean {
  return Object.entries(lock).every(([name, expected]) => {
    const jar = path.join(folder, name);
    if (!existsSync(jar)) return false;
    const actual = sha256(readFileSync(jar));
    if (actual !== expected) throw new Error(`${jar} has sha256 ${actual} instead of ${expected}: remove it and retry`);
    return true;
  });
}

const jarFolder = (lock: Record<string, string>): string =>
  path.join(cacheFolder(), `kafka-${KAFKA_VERSION}-${sha256(JSON.stringify(lock)).slice(0, 12)}`);

export function kafkaJarsAreCached(): boolean {
  const lock = readLock();
  return isComplete(jarFolder(lock), lock);
}

/** The class path of the broker. */
export async function kafkaClassPath(mavenProgram: string): Promise<string> {
  const lock = readLock();
  const folder = jarFolder(lock);
  if (!isComplete(folder, lock)) await fetchJars(mavenProgram, folder, lock);
  return Object.keys(lock)
    .map((name) => path.join(folder, name))
    .join(path.delimiter);
}

async function fetchJars(mavenProgram: string, folder: string, lock: Record<string, string>): Promise<void> {
  mkdirSync(cacheFolder(), { recursive: true });
  const incoming = mkdtempSync(path.join(cacheFolder(), 'incoming-'));
  try {
    await runCommand(mavenProgram, [
      ...['-B', '-q', '-f', file('kafka-broker.pom.xml'), 'dependency:copy-dependencies'],
      ...['-DincludeScope=runtime', '-Dmdep.useRepositoryLayout=true', `-DoutputDirectory=${incoming}`],
    ]);
    if (!isComplete(incoming, lock)) throw new Error('Maven brought fewer jars than kafka-jars.lock.json names');
    moveInto(folder, incoming, lock);
  } finally {
    rmSync(incoming, { recursive: true, force: true });
  }
}

function moveInto(folder: string, incoming: string, lock: Record<string, string>): void {
  if (existsSync(folder) && !isComplete(folder, lock)) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(incoming, folder);
  } catch (error) {
    if (!isComplete(folder, lock)) throw error; // otherwise another process was first
  }
}
