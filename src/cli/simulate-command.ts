/** Puts `vigil simulate` together: with --kafka, a producer on the configured brokers. */
import { kafkaConnection } from '../composition/real-stack.ts';
import { systemClock } from '../composition/system-clock.ts';
import { silentEvents } from '../consumers/consumer-events.ts';
import { createKafkaBus } from '../consumers/kafka-bus.ts';
import { verifyKafka } from '../consumers/kafka-topics.ts';
import type { CommandIo, ExitCode } from './io.ts';
import { listenForShutdown } from './lifecycle.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { runSimulate, type SimulateOptions } from './simulate.ts';

type Options = Omit<SimulateOptions, 'clock' | 'signal' | 'publish' | 'sleep'> & { readonly kafka?: boolean };

export async function simulateCommand(options: Options, io: CommandIo): Promise<ExitCode> {
  const shutdown = listenForShutdown();
  const kafka = options.kafka === true ? await openKafka(options.config) : undefined;
  try {
    return await runSimulate({ ...options, clock: systemClock, signal: shutdown.signal, publish: kafka?.publish }, io);
  } finally {
    await kafka?.close();
    shutdown.dispose();
  }
}

async function openKafka(config: string | undefined): Promise<{
  readonly publish: NonNullable<SimulateOptions['publish']>;
  close(): Promise<void>;
}> {
  const { settings } = await loadOrRefuse(config);
  const { topics } = settings.kafka;
  await verifyKafka(kafkaConnection(settings), [topics.transactions, topics.feedback]);
  const bus = createKafkaBus({ connection: kafkaConnection(settings), clock: systemClock, events: silentEvents });
  return { publish: (topic, messages) => bus.publish(topics[topic], messages), close: () => bus.close() };
}
