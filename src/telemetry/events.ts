/**
 * Telemetry of one process: one function per thing that happens, and it does the log line and the metric alike. The parts take
 * the slice of events that they declare themselves.
 */
import type { Clock } from '../domain/clock.ts';
import { type BusEvents, createBusEvents } from './bus-events.ts';
import { createLogger, type Logger, type LoggerOptions } from './logger.ts';
import { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts';
import { createScoringEvents, type ScoringEvents } from './scoring-events.ts';
import { createServiceEvents, type ServiceEvents } from './service-events.ts';

export interface Telemetry {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly scoring: ScoringEvents;
  readonly bus: BusEvents;
  readonly service: ServiceEvents;
}

export interface TelemetryOptions extends LoggerOptions, MetricsOptions {
  readonly clock: Clock;
  /** whose amounts are added up as stopped; ISO 4217 */
  readonly homeCurrency: string;
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { clock, homeCurrency } = options;
  const logger = createLogger(options);
  const metrics = createMetrics(options);
  return {
    logger,
    metrics,
    scoring: createScoringEvents(metrics, logger, clock, homeCurrency),
    bus: createBusEvents(metrics, logger, clock),
    service: createServiceEvents(metrics, logger, clock),
  };
}
