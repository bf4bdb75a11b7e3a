/** Dashboards, alert rules and their README name metrics and labels that exist; every exported metric is shown and explained. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { METRIC_DEFINITIONS, type MetricDefinition } from '../../../src/telemetry/metric-definitions.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

const grafana = path.resolve(import.meta.dirname, '../../../grafana');
const inFolder = (folder: string, ending: string): string[] =>
  readdirSync(path.join(grafana, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(grafana, folder, name));

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string }[];
}
interface Dashboard {
  uid: string;
  panels: Panel[];
  templating: { list: { name: string }[] };
}
interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}
const dashboards = inFolder('dashboards', '.json').map((file): [string, Dashboard] => [
  path.basename(file),
  JSON.parse(readFileSync(file, 'utf8')),
]);
const rules = inFolder('alerts', '.yaml').flatMap((file): Rule[] =>
  parse(readFileSync(file, 'utf8')).groups.flatMap((group: { rules: Rule[] }) => group.rules),
);

const definitions: Record<string, MetricDefinition> = METRIC_DEFINITIONS;
const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
const processMetrics = new Set(
  [...(await createMetrics({ channels: [] }).scrape()).matchAll(/^# TYPE ((?:process|nodejs)_\S+)/gm)].map(
    ([, name]) => name,
  ),
);

/** The metric of a sample name: a histogram gives _bucket, _sum and _count. */
function metricOf(sample: string): MetricDefinition | undefined {
  const own = definitions[sample];
  if (own !== undefined) return own.type === 'histogram' ? undefined : own;
  const base = definitions[sample.replace(/_(bucket|sum|count)$/, '')];
  return base?.type === 'histogram' ? base : undefined;
}

function faultsOf(expr: string): string[] {
  const faults: string[] = [];
  for (const [, name = ''] of expr.matchAll(/\b((?:vigil|process|nodejs)[_:][a-zA-Z0-9_:]+)/g)) {
    if (metricOf(name) === undefined && !recorded.has(name) && !processMetrics.has(name))
      faults.push(`no metric ${name}`);
  }
  for (const [, name = '', selector = ''] of expr.matchAll(/\b(vigil_[a-z0-9_]+)\{([^}]*)\}/g)) {
    const labels = ['le', 'job', 'instance', ...Object.keys(metricOf(name)?.labels ?? {})];
    for (const [, label = '', value = ''] of selector.matchAll(/(\w+)\s*[=!]~?\s*"([^"]*)"/g)) {
      if (!labels.includes(label)) faults.push(`${name} has no label ${label}`);
      const closed = metricOf(name)?.labels[label];
      if (Array.isArray(closed) && !value.startsWith('$')) {
        for (const one of value.split('|')) if (!closed.includes(one)) faults.push(`${label} is never ${one}`);
      }
    }
  }
  return faults;
}

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe('dashboards', () => {
  it('are found, each under its own uid', () => {
    expect(dashboards.length).toBeGreaterThanOrEqual(2);
    expect(new Set(dashboards.map(([, { uid }]) => uid)).size).toBe(dashboards.length);
  });

  it.each(dashboards)('%s asks only for metrics, labels and values that exist', (_, { panels }) => {
    for (const panel of panels) {
      for (const { expr } of panel.targets ?? []) expect(faultsOf(expr), `${panel.title}: ${expr}`).toEqual([]);
      if (panel.type !== 'row') expect(panel.targets?.length, panel.title).toBeGreaterThan(0);
    }
  });

  it.each(dashboards)('%s has panels with ids of their own that do not overlap', (_, { panels }) => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x}/${y}`), `${title} at ${x}/${y}`).toBe(false);
          cells.add(`${x}/${y}`);
        }
      }
    }
  });

  it('show every metric', () => {
    const shown = dashboards
      .flatMap(([, { panels }]) => panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)))
      .join('\n');
    for (const name of Object.keys(METRIC_DEFINITIONS)) expect(shown, name).toContain(name);
  });

  it.skipIf(!hasPromtool)(
    hasPromtool ? 'hold only valid PromQL' : 'are not parsed as PromQL: promtool is not on the PATH',
    () => {
      const exprs = dashboards.flatMap(([, { panels }]) =>
        panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      );
      const asRules = exprs.map((expr, i) => ({
        record: `dashboard:expression:${i}`,
        expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$channel', '.*'),
      }));
      const folder = mkdtempSync(path.join(tmpdir(), 'vigil-promql-'));
      const file = path.join(folder, 'rules.yaml');
      writeFileSync(file, stringify({ groups: [{ name: 'dashboards', rules: asRules }] }));
      try {
        execFileSync('promtool', ['check', 'rules', file], { stdio: 'pipe' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('would be refused for a metric, a label or a value that does not exist', () => {
    expect(faultsOf('rate(vigil_scoring_decision_total[1m])')).toEqual(['no metric vigil_scoring_decision_total']);
    expect(faultsOf('vigil_scoring_risk_points')).toEqual(['no metric vigil_scoring_risk_points']);
    expect(faultsOf('vigil_scoring_alerts_total{chanel="ATM"}')).toEqual([
      'vigil_scoring_alerts_total has no label chanel',
    ]);
    expect(faultsOf('vigil_scoring_decisions_total{level=~"L0|L9"}')).toEqual(['level is never L9']);
  });
});

describe('alert rules', () => {
  it.each(rules.map((rule): [string, Rule] => [rule.alert ?? rule.record ?? '', rule]))(
    '%s asks only for what exists',
    (_, { expr }) => {
      expect(faultsOf(expr)).toEqual([]);
    },
  );

  it.each(rules.filter(({ alert }) => alert !== undefined).map((rule): [string, Rule] => [rule.alert ?? '', rule]))(
    '%s says how urgent it is, whose it is, what is wrong and what to do',
    (_, { labels, annotations }) => {
      expect(['page', 'ticket']).toContain(labels?.severity);
      expect(['system', 'fraud']).toContain(labels?.view);
      expect(annotations?.summary?.length).toBeGreaterThan(20);
      expect(annotations?.action?.length).toBeGreaterThan(10);
    },
  );

  it('burn at the rates and over the windows of the service level', () => {
    const conditions = Object.fromEntries(rules.map(({ alert, expr }) => [alert, expr]));
    expect(conditions.VigilDeadlineBurnFast).toMatch(/rate1h > 14\.4 \* 0\.0001 and .*rate5m > 14\.4 \* 0\.0001/);
    expect(conditions.VigilDeadlineBurnSlow).toMatch(/rate6h > 6 \* 0\.0001 and .*rate30m > 6 \* 0\.0001/);
    expect(conditions.VigilDeadlineBurnBudget).toMatch(/rate3d > 1 \* 0\.0001 and .*rate6h > 1 \* 0\.0001/);
    expect(conditions.VigilDegradedBurnFast).toMatch(/rate1h > 14\.4 \* 0\.001 and .*rate5m > 14\.4 \* 0\.001/);
  });

  it.skipIf(!hasPromtool)(
    hasPromtool ? 'pass promtool and their own tests' : 'are not checked by promtool: it is not on the PATH',
    () => {
      execFileSync('promtool', ['check', 'rules', ...inFolder('alerts', '.yaml')], { stdio: 'pipe' });
      execFileSync('promtool', ['test', 'rules', ...inFolder('alerts/tests', '.yaml')], { stdio: 'pipe' });
      execFileSync('promtool', ['check', 'config', '--syntax-only', path.join(grafana, '../deploy/prometheus.yml')], {
        stdio: 'pipe',
      });
    },
  );
});

describe('grafana/README.md', () => {
  const text = readFileSync(path.join(grafana, 'README.md'), 'utf8');
  const explained = text
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, name = '']) => /^`[a-z0-9_]+`$/.test(name))
    .map(([, name = '', panels = '', action = '']) => ({ name: name.slice(1, -1), panels, action }));

  it('explains every exported metric and no other', () => {
    const names = explained.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('vigil_')).sort()).toEqual(Object.keys(METRIC_DEFINITIONS).sort());
    for (const name of names.filter((one) => !one.startsWith('vigil_'))) expect(processMetrics, name).toContain(name);
  });

  it('names panels that exist and show the metric', () => {
    const titles = new Map(
      dashboards.map(([file, { panels }]) => [
        file.replace(/^vigil-(.)(.*)\.json$/, (_, a: string, b: string) => a.toUpperCase() + b),
        panels,
      ]),
    );
    for (const { name, panels, action } of explained) {
      expect(action.length, name).toBeGreaterThan(10);
      for (const entry of panels.split('; ').filter((one) => !/^\d+ more$/.test(one))) {
        const [dashboard = '', ...title] = entry.split(': ');
        const panel = titles.get(dashboard)?.find((one) => one.title === title.join(': '));
        expect(
          panel?.targets?.some(({ expr }) => expr.includes(name)),
          `${name} in ${entry}`,
        ).toBe(true);
      }
    }
  });
});

describe('provisioning', () => {
  it('reads the dashboards from where compose mounts them, with the data source that they name', () => {
    const provider = parse(readFileSync(path.join(grafana, 'provisioning/dashboards/vigil.yaml'), 'utf8'));
    const compose = readFileSync(path.join(grafana, '../docker-compose.yml'), 'utf8');
    expect(compose).toContain(`./grafana/dashboards:${provider.providers[0].options.path}:ro`);
    const source = parse(readFileSync(path.join(grafana, 'provisioning/datasources/prometheus.yaml'), 'utf8'));
    expect(source.datasources[0]).toMatchObject({ type: 'prometheus', isDefault: true });
    for (const [, { templating }] of dashboards)
      expect(templating.list.map(({ name }) => name)).toContain('datasource');
  });
});
