import { describe, expect, it } from 'vitest';
import { BOUNDED_VALUES, METRIC_DEFINITIONS } from '../../../src/telemetry/metric-definitions.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

const aMetrics = () => createMetrics({ channels: ['ATM'], withProcess: false });

describe('metrics', () => {
  it('have names of the form vigil_<area>_<noun>_<unit>, with _total for counters alone', () => {
    for (const [name, { type }] of Object.entries(METRIC_DEFINITIONS)) {
      expect(name).toMatch(/^vigil(_[a-z0-9]+){3,}$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
    }
  });

  it('drop and count what is no finite number or would let a counter fall, and never throw', async () => {
    const metrics = aMetrics();
    metrics.observe('vigil_scoring_risk_points', [], Number.NaN);
    metrics.observe('vigil_scoring_stage_duration_seconds', ['parse'], Number.POSITIVE_INFINITY);
    metrics.add('vigil_scoring_repeats_total', [], -1);
    metrics.set('vigil_model_alive_tensors', [], Number.NaN);
    const text = await metrics.scrape();
    expect(text).toContain('vigil_telemetry_dropped_values_total 4');
    expect(text).toContain('vigil_scoring_risk_points_count 0');
    expect(text).not.toContain('NaN');
  });

  it('put a value outside a closed set under "other"', async () => {
    const metrics = aMetrics();
    metrics.add('vigil_scoring_late_decisions_total', ['ATM'], 1);
    metrics.add('vigil_scoring_late_decisions_total', ['made up'], 2);
    metrics.add('vigil_scoring_late_decisions_total', ['made up too'], 3);
    const text = await metrics.scrape();
    expect(text).toContain('vigil_scoring_late_decisions_total{channel="ATM"} 1');
    expect(text).toContain('vigil_scoring_late_decisions_total{channel="other"} 5');
    expect(text).not.toContain('made up');
  });

  it('begin at 0 where the values are few and known, so that an alert sees the first event', async () => {
    const text = await aMetrics().scrape();
    expect(text).toContain('vigil_model_loads_total{result="refused"} 0');
    expect(text).toContain('vigil_scoring_late_decisions_total{channel="ATM"} 0');
    expect(text).not.toContain('vigil_scoring_rule_hits_total{');
  });

  it('bound the labels whose set is the operator’s', async () => {
    const metrics = aMetrics();
    for (let i = 0; i < BOUNDED_VALUES + 100; i++) {
      metrics.add('vigil_scoring_rule_hits_total', [`rule-${i}`, 'live', 'hit'], 1);
    }
    const text = await metrics.scrape();
    expect(text.match(/^vigil_scoring_rule_hits_total\{/gm)?.length).toBe(BOUNDED_VALUES + 1);
    expect(text).toContain('vigil_scoring_rule_hits_total{rule="other",mode="live",status="hit"} 100');
  });

  it('export event loop, memory and descriptors of the process', async () => {
    const text = await createMetrics({ channels: [] }).scrape();
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes', 'process_open_fds']) {
      expect(text).toContain(`\n${name} `);
    }
  });
});
