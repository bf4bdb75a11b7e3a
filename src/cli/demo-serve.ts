/** The demo after its history: a gentle live stream, the HTTP API, the metrics and the console. */
import type { EmbeddedStack } from '../composition/embedded-stack.ts';
import { createHttpService } from '../composition/http-service.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { systemClock } from '../composition/system-clock.ts';
import type { SimulatedBank } from '../simulation/bank.ts';
import { liveStream } from '../simulation/live-stream.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { transactionMessage } from './bank-messages.ts';
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
  readonly version: string;
}

const LIVE_PER_SECOND = 3;

export async function serveDemo(options: ServeOptions): Promise<void> {
  const { bank, stack, configuration, telemetry, token, port, io, signal } = options;
  const server = await createHttpService({
    configuration,
    service: stack.service,
    alerts: stack.alerts,
    telemetry,
    clock: systemClock,
    token,
    version: options.version,
  });
  const { host } = configuration.settings.http;
  const { url } = await server.listen({ host, port });
  const { transactions } = configuration.settings.kafka.topics;
  const stream = async (): Promise<void> => {
    for await (const item of liveStream(bank, { ratePerSecond: LIVE_PER_SECOND, clock: systemClock, signal })) {
      await stack.bus.publish(transactions, [transactionMessage(item)]);
    }
  };
  io.out(`Console  ${url}/#token=${token}`);
  io.out(`API      ${url}/v1  (Authorization: Bearer ${token})`);
  io.out(`Metrics  ${url}/metrics`);
  io.out(`A live stream of about ${LIVE_PER_SECOND} transactions a second runs until Ctrl-C.`);
  try {
    await Promise.race([stream(), stack.service.died]);
  } finally {
    await server.close();
  }
}
