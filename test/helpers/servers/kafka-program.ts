/** Java and the Kafka server's class path: an installation on this machine, or the pinned jars through Maven. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { KAFKA_VERSION, kafkaClassPath, kafkaJarsAreCached } from './kafka-jars.ts';
import { canInstallDebianPackages, findProgram, installDebianPackages } from './programs.ts';
import { runCommand } from './run-command.ts';

export interface KafkaProgram {
  readonly java: string;
  readonly classPath: string;
  readonly origin: string;
}

let found: Promise<KafkaProgram> | undefined;

/** Looked for once per process; rejects with one sentence that says how to get it. */
export function kafkaProgram(): Promise<KafkaProgram> {
  found ??= findKafka();
  return found;
}

async function findKafka(): Promise<KafkaProgram> {
  const java = await findJava();
  const installed = installedClassPath();
  if (installed !== undefined) return { java, classPath: `${installed}/*`, origin: `the installation in ${installed}` };
  const cached = kafkaJarsAreCached();
  const classPath = await kafkaClassPath(cached ? 'mvn' : await findMaven()).catch((error: unknown) => {
    throw new Error(`Kafka's jars cannot be had through Maven (${firstLineOf(error)}): ${HOW_TO}`);
  });
  const where = cached ? 'from the cache' : 'through Maven';
  return { java, classPath, origin: `Apache Kafka ${KAFKA_VERSION} jars ${where}, sha256 checked` };
}

/** `libs` of a Kafka distribution whose start script is on the PATH. */
function installedClassPath(): string | undefined {
  const script = findProgram(['kafka-server-start.sh', 'kafka-server-start']);
  if (script === undefined) return undefined;
  const folder = path.dirname(realpathSync(script));
  return ['../libs', '../libexec/libs'].map((name) => path.resolve(folder, name)).find((name) => existsSync(name));
}

const HOW_TO =
  'install Java 17 or newer and Maven, or start Docker, or set VIGIL_TEST_KAFKA=host:port to a broker that may be written to';

/** Maven says what is wrong in its first line that begins so, and how to debug Maven in a dozen more. */
function firstLineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /\[ERROR\] (.+)/.exec(text)?.[1] ?? text.split('\n')[0] ?? '';
}

async function findJava(): Promise<string> {
  const home = process.env.JAVA_HOME;
  const folders = home === undefined ? [] : [path.join(home, 'bin')];
  const java = findProgram(['java'], folders);
  if (java !== undefined && (await javaVersion(java)) >= 17) return java;
  if (!canInstallDebianPackages()) throw new Error(`Kafka needs Java 17 or newer, which is not on the PATH: ${HOW_TO}`);
  await installDebianPackages(['default-jre-headless', 'maven']);
  const installed = findProgram(['java'], ['/usr/bin']);
  if (installed !== undefined && (await javaVersion(installed)) >= 17) return installed;
  throw new Error(`Kafka needs Java 17 or newer, and Debian's default-jre-headless is older: ${HOW_TO}`);
}

async function javaVersion(java: string): Promise<number> {
  const text = await runCommand(java, ['-version']).catch(() => '');
  return Number(/version "(\d+)/.exec(text)?.[1] ?? 0);
}

async function findMaven(): Promise<string> {
  const maven = findProgram(['mvn']);
  if (maven !== undefined) return maven;
  if (!canInstallDebianPackages()) throw new Error(`Kafka's jars need Maven, which is not on the PATH: ${HOW_TO}`);
  await installDebianPackages(['maven']);
  return 'mvn';
}
