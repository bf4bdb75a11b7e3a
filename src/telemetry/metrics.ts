/**
 * The metrics of one process on prom-client. Children are bound on first use and kept, because looking one up by a label
 * object costs more than the increment. No value can throw: prom-client throws on NaN, and a throw in a Kafka handler can end
 * a consumer for good; such a value is dropped and counted.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  BOUNDED_VALUES,
  type CounterName,
  type GaugeName,
  type HistogramName,
  METRIC_DEFINITIONS,
  type MetricDefinition,
  type MetricName,
} from './metric-definitions.ts';

export interface Metrics {
  /** adds; a value below 0 is dropped */
  add(name: CounterName, labels: readonly string[], value: number): void;
  set(name: GaugeName, labels: readonly string[], value: number): void;
  observe(name: HistogramName, labels: readonly string[], value: number): void;
  /** forgets the label values of a gauge, before an …_info is set anew */
  clear(name: GaugeName): void;
  /** called before every scrape, to set gauges that are read and not counted */
  beforeScrape(read: () => void): void;
  /** Prometheus text format */
  scrape(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  /** codes of config/channels.yaml */
  readonly channels: readonly string[];
  /** event loop, memory, descriptors of the process; off in tests */
  readonly withProcess?: boolean;
}

type Child = (value: number) => void;

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  if (options.withProcess !== false) collectDefaultMetrics({ register: registry });
  const readers: (() => void)[] = [];
  const children = new Map<MetricName, ReturnType<typeof bind>>();
  const names = Object.keys(METRIC_DEFINITIONS) as MetricName[];
  for (const name of names) {
    const metric = bind(registry, name, options.channels);
    children.set(name, metric);
    for (const labels of zeroSamples(name, options.channels)) metric.child(labels)(0);
  }
  const dropped = (): void => children.get('vigil_telemetry_dropped_values_total')?.child([])(1);
  const record = (name: MetricName, labels: readonly string[], value: number, isAllowed: boolean): void => {
    if (isAllowed) children.get(name)?.child(labels)(value);
    else dropped();
  };
  return {
    add: (name, labels, value) => record(name, labels, value, Number.isFinite(value) && value >= 0),
    set: (name, labels, value) => record(name, labels, value, Number.isFinite(value)),
    observe: (name, labels, value) => record(name, labels, value, Number.isFinite(value)),
    clear: (name) => children.get(name)?.clear(),
    beforeScrape: (read) => void readers.push(read),
    scrape: () => {
      for (const read of readers) read();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** More combinations than this are left to appear when they happen. */
const MAX_ZERO_SAMPLES = 64;

/**
 * Counters with few possible label values begin at 0: increase() does not see a series that appears with its first event, so
 * that an alert on the first refused model would never fire.
 */
function zeroSamples(name: MetricName, channels: readonly string[]): readonly string[][] {
  const definition: MetricDefinition = METRIC_DEFINITIONS[name];
  if (definition.type !== 'counter') return [];
  let samples: string[][] = [[]];
  for (const values of Object.values(definition.labels)) {
    if (values === 'bounded') return [];
    const known = values === 'channels' ? channels : values;
    samples = samples.flatMap((sample) => known.map((value) => [...sample, value]));
    if (samples.length > MAX_ZERO_SAMPLES) return [];
  }
  return samples;
}

function bind(registry: Registry, name: MetricName, channels: readonly string[]) {
  const definition: MetricDefinition = METRIC_DEFINITIONS[name];
  const labelNames = Object.keys(definition.labels);
  const { childOf, reset } = createMetric(registry, name, definition, labelNames);
  const isKnown = labelNames.map((label) => closedSet(definition.labels[label] ?? [], channels));
  const cache = new Map<string, Child>();
  return {
    child(labels: readonly string[]): Child {
      const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\u0000');
      let child = cache.get(key);
      if (child !== undefined) return child;
      const values = labelNames.map((_, i) => isKnown[i]?.(labels[i] ?? '') ?? 'other');
      child = childOf(values);
      // a key beyond the closed sets is not kept: an attacker who invents values must not fill this map
      if (values.every((value, i) => value === labels[i])) cache.set(key, child);
      return child;
    },
    clear(): void {
      cache.clear();
      reset();
    },
  };
}

function createMetric(
  registry: Registry,
  name: string,
  { type, help, buckets }: MetricDefinition,
  labelNames: string[],
) {
  const common = { name, help, labelNames, registers: [registry] };
  const labelled = (values: readonly string[]) =>
    Object.fromEntries(labelNames.map((label, i) => [label, values[i] ?? 'other']));
  if (type === 'counter') {
    const metric = new Counter(common);
    return {
      childOf: (values: readonly string[]): Child => bound(metric.labels(labelled(values)), 'inc'),
      reset: () => metric.reset(),
    };
  }
  if (type === 'gauge') {
    const metric = new Gauge(common);
    return {
      childOf: (values: readonly string[]): Child => bound(metric.labels(labelled(values)), 'set'),
      reset: () => metric.reset(),
    };
  }
  const metric = new Histogram({ ...common, buckets: [...(buckets ?? [])] });
  return {
    childOf: (values: readonly string[]): Child => bound(metric.labels(labelled(values)), 'observe'),
    reset: () => metric.reset(),
  };
}

const bound = <K extends string>(child: { [P in K]: (value: number) => void }, method: K): Child =>
  child[method].bind(child);

/** The value itself when it belongs to the label, otherwise "other". */
function closedSet(values: MetricDefinition['labels'][string], channels: readonly string[]): (value: string) => string {
  if (values !== 'bounded') {
    const known = new Set(values === 'channels' ? channels : values);
    return (value) => (known.has(value) ? value : 'other');
  }
  const seen = new Set<string>();
  return (value) => {
    if (seen.size < BOUNDED_VALUES) seen.add(value);
    return seen.has(value) ? value : 'other';
  };
}
