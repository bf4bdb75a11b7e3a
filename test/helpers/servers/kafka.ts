/**
 * One real Apache Kafka broker in KRaft mode (broker and controller in one JVM), for a test run or for one fault test
 * that stops, kills and restarts it. Ready in 2–3 s, 145 MB.
 */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from './free-ports.ts';
import { probeKafka } from './kafka-probe.ts';
import { type KafkaProgram, kafkaProgram } from './kafka-program.ts';
import { temporaryFolder } from './reaper.ts';
import { runCommand } from './run-command.ts';
import { type ServerProcess, spawnServer, untilReady } from './server-process.ts';

export interface KafkaOptions {
  readonly program?: KafkaProgram;
  /** further lines of server.properties; null removes one */
  readonly properties?: Readonly<Record<string, string | number | boolean | null>>;
  readonly jvmFlags?: readonly string[];
  readonly nodeId?: number;
  /** for several brokers of one cluster: ports known beforehand, `controller.quorum.voters`, and no waiting */
  readonly ports?: readonly [broker: number, controller: number];
  readonly voters?: string;
  readonly waitUntilReady?: boolean;
}

export interface KafkaServer {
  /** host:port */
  readonly brokers: string;
  readonly port: number;
  readonly origin: string;
  readonly folder: string;
  pid(): number;
  ready(timeoutMs?: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
  /** same ports, same data, after kill or stop */
  restart(): Promise<void>;
  /** a clean shutdown; the data stay for `restart` */
  stop(): Promise<void>;
}

/** For a test that kills the broker and restarts it on its data: ready after 2.3 s instead of 11 s. */
export const FAST_RESTART = { 'broker.session.timeout.ms': 1000, 'broker.heartbeat.interval.ms': 250 } as const;

const CLUSTER_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
const COMMON_JVM_FLAGS = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-XX:-UsePerfData'];
const LOG_FLAG = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
const BROKER_JVM_FLAGS = [
  ...['-Xms64m', '-Xmx512m', ...COMMON_JVM_FLAGS, LOG_FLAG],
  ...['-Djava.awt.headless=true', '-Djava.net.preferIPv4Stack=true', '-Dorg.slf4j.simpleLogger.showDateTime=true'],
];
const FORMAT_JVM_FLAGS = ['-Xmx128m', ...COMMON_JVM_FLAGS, LOG_FLAG];

export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const program = options.program ?? (await kafkaProgram());
  const folder = temporaryFolder('kafka');
  const nodeId = options.nodeId ?? 1;
  const [port = 0, controllerPort = 0] = options.ports ?? (await freePorts(2));
  const dataFolder = path.join(folder, 'data');
  const propertiesFile = path.join(folder, 'server.properties');
  writeFileSync(propertiesFile, serverProperties({ ...options, nodeId, port, controllerPort, dataFolder }));
  await format(program, propertiesFile, dataFolder);

  const launch = (): ServerProcess =>
    spawnServer({
      program: program.java,
      args: [...(options.jvmFlags ?? BROKER_JVM_FLAGS), '-cp', program.classPath, 'kafka.Kafka', propertiesFile],
      cwd: folder,
      logFile: path.join(folder, 'broker.log'),
      deathSignal: 'KILL',
    });
  let server = launch();
  const ready = (timeoutMs = 60_000): Promise<void> =>
    untilReady(server, 'the Kafka broker', timeoutMs, async () => {
      const metadata = await probeKafka(port);
      return metadata.controllerId >= 0 && metadata.nodeIds.includes(nodeId);
    });
  if (options.waitUntilReady ?? true) await ready();
  return {
    brokers: `127.0.0.1:${port}`,
    port,
    origin: program.origin,
    folder,
    ready,
    pid: () => server.pid,
    signal: (signal) => server.signal(signal),
    kill: () => server.kill(),
    async restart() {
      if (server.ended() === undefined) throw new Error('the broker still runs: kill or stop it first');
      server = launch();
      await ready();
    },
    stop: () => server.stop('SIGTERM'),
  };
}

async function format(program: KafkaProgram, propertiesFile: string, dataFolder: string): Promise<void> {
  if (existsSync(path.join(dataFolder, 'meta.properties'))) return;
  const main = ['-cp', program.classPath, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', propertiesFile];
  await runCommand(program.java, [...FORMAT_JVM_FLAGS, ...main]);
}

interface PropertyInputs extends KafkaOptions {
  readonly nodeId: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataFolder: string;
}

/** Small internal topics and logs: they make up most of the start-up time and of the disk space. */
function serverProperties({ nodeId, port, controllerPort, dataFolder, voters, properties }: PropertyInputs): string {
  const all: Record<string, string | number | boolean | null> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'controller.quorum.voters': voters ?? `${nodeId}@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': dataFolder,
    'auto.create.topics.enable': false,
    'num.partitions': 1,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 500,
    'log.segment.bytes': 16_777_216,
    'log.index.size.max.bytes': 1_048_576,
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
    ...properties,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== null);
  return `${lines.map(([key, value]) => `${key}=${value}`).join('\n')}\n`;
}
