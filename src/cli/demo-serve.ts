/** The demo after its history: a gentle live stream, the HTTP API, the metrics and the console. */
import type { EmbeddedStack } from '../composition/embedded-stack.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { systemClock } from '../composition/system-clock.ts';
import type { SimulatedBank } from '../simulation/bank.ts';
import { liveStream } from '../simulation/live-stream.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { transactionMessage } from './demo-history.ts';
import type { CommandIo } from './io.ts';

export interface ServeOptions {
  readonly bank: SimulatedBank;
  readonly stack: EmbeddedStack;
  readonly configuration: LoadedConfiguration;
  readonly telemetry: Telemetry;
  readonly token: string;
  readonly port: number;
  readonly io: CommandIo;
  readonly signal: AbortSignal;
}

const LIVE_PER_SECOND = 3;

export async function serveDemo(options: ServeOptions): Promise<void> {
  const { bank, stack, configuration, signal } = options;
  const { transactions } = configuration.settings.kafka.topics;
  const stream = async (): Promise<void> => {
    for await (const item of liveStream(bank, { ratePerSecond: LIVE_PER_SECOND, clock: systemClock, signal })) {
      await stack.bus.publish(transactions, [transactionMessage(item)]);
    }
  };
  await Promise.race([stream(), stack.service.died]);
}
