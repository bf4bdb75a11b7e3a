/** The page of a report: nothing of it comes from elsewhere, and nothing that came with the data is markup. */
import { afterAll, describe, expect, it } from 'vitest';
import { tickStep, ticks } from '../../../src/backtest/html/chart.ts';
import { html, table } from '../../../src/backtest/html/markup.ts';
import { reportPage } from '../../../src/backtest/html/report-page.ts';
import { groupTable } from '../../../src/backtest/html/tables.ts';
import type { BacktestReport } from '../../../src/backtest/run-backtest.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aFolder, aTransfer, backtest, LABELS_HEADER, ndjson } from './backtest-builders.ts';

const folder = aFolder();
afterAll(() => folder.remove());

const EVIL = `<script>alert(1)</script><img src=x onerror="alert(2)">'&`;
const ruleset = (threshold: number) => [
  {
    file: 'rules/test.yaml',
    text: `ruleset: test
version: "1"
rules:
  - id: many
    title: { en: ${JSON.stringify(EVIL)}, zh-CN: "多" }
    reason: VEL_COUNT_10M
    typology: velocity
    owner: test
    when: 'has(tx.customerSegment) && tx.customerSegment != "PRIVATE" && features.customer_count_10m >= ${threshold}'
    outcome: HOLD
    score: 300
    severity: high
    mode: live
  - id: silent
    title: { en: "In shadow", zh-CN: "影子" }
    reason: VEL_COUNT_10M
    typology: velocity
    owner: test
    when: 'features.customer_count_10m >= 2'
    outcome: BLOCK
    score: 900
    severity: high
    mode: shadow
`,
  },
];

async function aReport(withLabels: boolean): Promise<BacktestReport> {
  const lines = [1, 2, 3, 4].map((n) =>
    aTransfer(`T-${n}${EVIL}`, `2026-11-20T02:0${n}:00Z`, { customerSegment: EVIL }),
  );
  const labels = withLabels
    ? {
        labels: folder.write(
          'l.csv',
          `${LABELS_HEADER}"T-3${EVIL.replaceAll('"', '""')}",MOBILE_BANKING,FRAUD,,"${EVIL.replaceAll('"', '""')}"\n`,
        ),
      }
    : {};
  const { report } = await backtest(
    {
      in: folder.write('h.ndjson', ndjson([...lines, '{'])),
      ...labels,
      configuration: await shippedConfiguration({ rules: ruleset(2) }),
      againstConfiguration: await shippedConfiguration({ rules: ruleset(4) }),
    },
    folder,
  );
  return report;
}

const facts = { history: EVIL, generatedAt: '2026-11-25' };

describe('the page', () => {
  it('escapes whatever came with the data: ids, segments, scenarios, titles, names', async () => {
    const report = await aReport(true);
    expect(report.comparison?.rules[0]).toMatchObject({ ruleId: 'many', newHits: 2, lostHits: 0 });
    expect(Object.keys(report.scenarios)).toEqual([EVIL]);
    const page = reportPage({ ...report, configuration: EVIL }, facts);
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<img');
    expect(page.split('&lt;script&gt;alert(1)&lt;/script&gt;').length).toBeGreaterThan(8);
  });

  it('needs nothing from elsewhere, runs nothing and says so in its policy', async () => {
    const page = reportPage(await aReport(true), { history: 'h.ndjson', generatedAt: '2026-11-25' });
    expect(page).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`,
    );
    expect(page.replaceAll('&lt;', '')).not.toMatch(/<[^>]*\s(on[a-z]+|href|src|style)\s*=/i);
    expect(page).not.toMatch(/url\(|@import|https?:\/\//);
  });

  it('closes every element that it opens', async () => {
    for (const withLabels of [true, false]) {
      const page = reportPage(await aReport(withLabels), facts);
      for (const name of ['table', 'tr', 'td', 'th', 'svg', 'g', 'figure', 'details', 'div', 'ul', 'li', 'p', 'small'])
        expect([name, page.split(`</${name}>`).length]).toEqual([name, page.split(new RegExp(`<${name}[ >]`)).length]);
      expect(page).not.toMatch(/NaN|undefined|\[object|Infinity/);
    }
  });

  it('draws precision and recall only where labels tell what was fraud', async () => {
    const labelled = reportPage(await aReport(true), facts);
    expect(labelled).toContain('Precision against recall of the risk score');
    const blind = reportPage(await aReport(false), facts);
    expect(blind).not.toContain('Precision against recall of the risk score');
    expect(blind).toContain('--labels FILE');
    expect(blind).toContain('Outcomes over time');
  });

  it('can be made of a history without a line', async () => {
    const { report } = await backtest(
      { in: folder.write('empty.ndjson', ''), configuration: await shippedConfiguration({ rules: [] }) },
      folder,
    );
    expect(reportPage(report, facts)).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('money in the tables of groups', () => {
  it('has a line for each currency, so that the last columns stay on the page', () => {
    const score = {
      transactions: 2,
      outcomes: { ALLOW: 0, CHALLENGE: 2, HOLD: 0, BLOCK: 0 },
      alerts: 0,
      frauds: 2,
      caught: 2,
      flagged: 2,
      falsePositives: 0,
      recall: 1,
      precision: 1,
      fraudStoppedMinor: { CNY: 123_400, KRW: 390_000, JPY: 5, USD: 100 },
      fraudMissedMinor: {},
    };
    const { html: page } = groupTable('channel', { ATM: score }, undefined, true);
    expect(page).toContain('KRW 390,000<small>CNY 1,234</small><small>2 more</small></td>');
  });
});

describe('axes', () => {
  it('have round steps that end at or before the largest value', () => {
    expect(ticks(1)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
    expect(ticks(90)).toEqual([0, 20, 40, 60, 80]);
    expect(ticks(0)).toEqual([0]);
    expect(ticks(Number.NaN)).toEqual([0]);
    expect(tickStep(0.05, 5)).toBeCloseTo(0.01, 12);
  });
});

describe('markup', () => {
  it('escapes text and numbers of strangers, and leaves out what is not there', () => {
    expect(html`<p title="${'"a" & b'}">${'<b>'}${null}${false}${undefined}${0}${html`<i>${"'"}</i>`}</p>`.html).toBe(
      '<p title="&quot;a&quot; &amp; b">&lt;b&gt;0<i>&#39;</i></p>',
    );
    expect(table([{ title: '<' }], [['>']]).html).toContain('<th scope="col" class="text">&lt;</th>');
  });
});
