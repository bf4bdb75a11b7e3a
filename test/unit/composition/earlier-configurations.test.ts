/** A decision explained and computed again after the rules, lists or reasons that made it were changed. */
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runExplain, runRedecide } from '../../../src/cli/explain.ts';
import type { CommandIo } from '../../../src/cli/io.ts';
import { nextTurn } from '../../../src/composition/check-candidate.ts';
import { contentOf } from '../../../src/composition/config-content.ts';
import { keepFromFolder } from '../../../src/composition/config-watch.ts';
import { createEarlierConfigurations } from '../../../src/composition/earlier-configurations.ts';
import { createFileConfigStore } from '../../../src/composition/file-config-store.ts';
import { explainWithEarlier } from '../../../src/composition/http-service.ts';
import type { LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import { systemClock } from '../../../src/composition/system-clock.ts';
import { SHIPPED_CONFIG_DIR } from '../../../src/config/read-sources.ts';
import type { ConfigStore } from '../../../src/domain/config-store.ts';
import type { DecisionRecord } from '../../../src/domain/ports.ts';
import { aMessage } from '../../helpers/a-transaction.ts';
import { aFolder, type Folder, ruleFile, temporaryFolder } from './a-folder.ts';
import { aService } from './a-service.ts';

async function decided(folder: Folder): Promise<DecisionRecord> {
  const vigil = await aService(folder);
  const occurredAt = new Date(Date.now() - 1_000).toISOString();
  await vigil.post('/v1/decisions', aMessage({ transactionId: 'T-1', occurredAt, amountMinor: 5_000 }));
  await vigil.untilWritten();
  const record = await vigil.alerts.decision('MOBILE_BANKING', 'T-1');
  if (record === undefined) throw new Error('the decision was not written');
  return record;
}

async function keep(folder: Folder, store: ConfigStore): Promise<LoadedConfiguration> {
  const configuration = await folder.load();
  await keepFromFolder(store, await contentOf(configuration.sources, nextTurn), systemClock);
  return configuration;
}

const reasonsIn = (folder: Folder, from: string, to: string): void => {
  const name = 'reasons.en.yaml';
  folder.write(name, readFileSync(path.join(SHIPPED_CONFIG_DIR, name), 'utf8').replace(from, to));
};
const VEL_COUNT_10M = /VEL_COUNT_10M: *"([^"]+)"/.exec(
  readFileSync(path.join(SHIPPED_CONFIG_DIR, 'reasons.en.yaml'), 'utf8'),
)?.[1];

describe('a decision of an earlier configuration', () => {
  it('is explained by the rules that made it and computed again to the byte, and says what is in force now', async () => {
    const folder = aFolder();
    const store = createFileConfigStore(temporaryFolder());
    const record = await decided(folder);
    await keep(folder, store);
    for (const limit of [2_000, 3_000, 9_000]) {
      folder.write('rules/test.yaml', ruleFile(limit));
      await keep(folder, store);
    }
    const now = await folder.load();
    const earlier = createEarlierConfigurations({ current: () => now, store, environment: {} });
    for (let times = 0; times < 2; times++) {
      const explanation = await explainWithEarlier(record, now, earlier);
      expect(explanation.redecided).toEqual({ status: 'same' });
      expect(explanation.rules).toMatchObject([
        { ruleId: 'large-transfer', status: 'hit', when: expect.stringContaining('>= 1000') },
      ]);
      expect(explanation.rulesetInForce).toBe(now.generation.versions.ruleset);
      expect(explanation.rulesetInForce).not.toBe(record.decision.versions.ruleset);
    }
  });

  it('is told from one with the same versions and other texts of its reasons', async () => {
    const folder = aFolder();
    const store = createFileConfigStore(temporaryFolder());
    await keep(folder, store);
    reasonsIn(folder, VEL_COUNT_10M ?? 'nothing', 'Texts of then');
    const record = await decided(folder);
    expect(record.bytes).toContain('Texts of then');
    await keep(folder, store);
    reasonsIn(folder, VEL_COUNT_10M ?? 'nothing', 'Texts of now');
    const now = await keep(folder, store);
    expect(now.generation.versions).toEqual(record.decision.versions);
    const earlier = createEarlierConfigurations({ current: () => now, store, environment: {} });
    expect((await explainWithEarlier(record, now, earlier)).redecided).toEqual({ status: 'same' });
  });

  it('says which version is no longer there: nothing was kept, its files are gone, or the features are others', async () => {
    const folder = aFolder();
    const record = await decided(folder);
    folder.write('rules/test.yaml', ruleFile(2_000));
    const now = await folder.load();
    const missing = { status: 'version-missing', wanted: record.decision.versions.ruleset };
    const without = createEarlierConfigurations({ current: () => now, store: undefined, environment: {} });
    expect(await explainWithEarlier(record, now, without)).toMatchObject({ rules: [], redecided: missing });
    const store = createFileConfigStore(temporaryFolder());
    await keep(folder, store);
    const other = createEarlierConfigurations({ current: () => now, store, environment: {} });
    expect(await explainWithEarlier(record, now, other)).toMatchObject({ rules: [], redecided: missing });
  });

  it('is found from the command line, in a file of decisions and the folder of versions', async () => {
    const versions = temporaryFolder();
    const folder = aFolder(`model: { enabled: false }\nreload: { stateDir: ${JSON.stringify(versions)} }\n`);
    const record = await decided(folder);
    const file = path.join(temporaryFolder(), 'decisions.ndjson');
    writeFileSync(file, `${record.bytes}\n`);
    await keep(folder, createFileConfigStore(versions));
    folder.write('rules/test.yaml', ruleFile(9_000));
    const lines: string[] = [];
    const io: CommandIo = { out: (line) => void lines.push(line), note: () => undefined, isTerminal: false };
    const options = { transactionId: 'T-1', in: file, config: folder.dir };
    expect(await runRedecide(options, io)).toBe(0);
    expect(lines).toEqual(['MOBILE_BANKING T-1: the same bytes again']);
    await runExplain(options, io);
    const limitLines = lines.filter((line) => line.startsWith('  limit '));
    expect(limitLines.every((line) => /asked (50\.00 CNY|1), max [\d,.]+( CNY)?: within/.test(line))).toBe(true);
    expect(lines.slice(1)).toEqual([
      'MOBILE_BANKING T-1: CHALLENGE, score 200, no alert, level L0',
      expect.stringMatching(/ TRANSFER 50\.00 CNY of customer \S+/),
      expect.stringContaining('reason    VEL_COUNT_10M'),
      expect.stringContaining('challenge by '),
      '  points: 200 rule large-transfer',
      '  asked for CHALLENGE by rule large-transfer',
      ...limitLines,
      expect.stringContaining(`  versions: ruleset ${record.decision.versions.ruleset}, `),
      '  hit          large-transfer, CHALLENGE 200  Large transfer · 大额转账',
      '      ✓ tx.type == "TRANSFER"',
      '      ✓ tx.amountMinor >= 1000',
      '      saw tx.type = "TRANSFER", tx.amountMinor = 5000',
      '  computed again: the same bytes again',
    ]);
    expect(lines.at(-1)).toBe('  computed again: the same bytes again');
    folder.write('features.yaml', readFileSync(path.join(SHIPPED_CONFIG_DIR, 'features.yaml'), 'utf8'));
    appendFileSync(path.join(folder.dir, 'features.yaml'), '# another version\n');
    expect(await runRedecide(options, io)).toBe(1);
    expect(lines.at(-1)).toMatch(/cannot be computed again: it was made with \w+ \w+, which is not there any more/);
  });
});

describe('the decision of a configuration that is in force', () => {
  it('is computed again once for its explanation', async () => {
    const folder = aFolder();
    const record = await decided(folder);
    const loaded = await folder.load();
    let times = 0;
    const counted: LoadedConfiguration = {
      ...loaded,
      generation: {
        ...loaded.generation,
        evaluate: (...facts) => {
          times += 1;
          return loaded.generation.evaluate(...facts);
        },
      },
    };
    const earlier = createEarlierConfigurations({ current: () => counted, store: undefined, environment: {} });
    expect((await explainWithEarlier(record, counted, earlier)).redecided).toEqual({ status: 'same' });
    expect(times).toBe(1);
  });
});

describe('vigil explain and redecide of a file', () => {
  const anIo = () => {
    const lines: string[] = [];
    return { lines, out: (line: string) => void lines.push(line), note: () => undefined, isTerminal: false };
  };

  it('take the features that a backtest wrote behind a decision for no part of it', async () => {
    const folder = aFolder();
    const { bytes } = await decided(folder);
    const file = path.join(temporaryFolder(), 'with-features.ndjson');
    writeFileSync(file, `${JSON.stringify({ ...JSON.parse(bytes), features: { customer_count_10m: 1 } })}\n`);
    const io = anIo();
    expect(await runRedecide({ transactionId: 'T-1', in: file, config: folder.dir }, io)).toBe(0);
    expect(io.lines).toEqual(['MOBILE_BANKING T-1: the same bytes again']);
  });

  it('name what is other in a decision that somebody has touched', async () => {
    const folder = aFolder();
    const { bytes } = await decided(folder);
    const file = path.join(temporaryFolder(), 'touched.ndjson');
    writeFileSync(file, `${bytes.replace('"riskScore":200', '"riskScore":100').replace('"alert":false,', '')}\n`);
    const io = anIo();
    expect(await runRedecide({ transactionId: 'T-1', in: file, config: folder.dir }, io)).toBe(1);
    expect(io.lines).toEqual([
      'MOBILE_BANKING T-1: other bytes',
      '  riskScore: 100 → 200',
      '  alert: not there → false',
      bytes,
    ]);
  });

  it('say with its line that it holds no decisions', async () => {
    const folder = aFolder();
    const file = path.join(temporaryFolder(), 'transactions.ndjson');
    writeFileSync(file, `\n${JSON.stringify(aMessage({ transactionId: 'T-1' }))}\n`);
    const io: CommandIo = { out: () => undefined, note: () => undefined, isTerminal: false };
    for (const run of [runExplain, runRedecide])
      await expect(run({ transactionId: 'T-1', in: file, config: folder.dir }, io)).rejects.toThrow(
        `${file}:2 is no decision: write them with vigil backtest --out.`,
      );
    writeFileSync(file, '{"transactionId":"T-1","hits":[\n');
    await expect(runExplain({ transactionId: 'T-1', in: file, config: folder.dir }, io)).rejects.toThrow(
      ':1 is no decision',
    );
  });
});

describe('the versions of lists and limits', () => {
  it('are those of the content, wherever its folder lies', async () => {
    const [one, other] = [aFolder(), aFolder()];
    for (const { dir } of [one, other]) {
      mkdirSync(path.join(dir, 'limits'));
      cpSync(path.join(SHIPPED_CONFIG_DIR, 'limits'), path.join(dir, 'limits'), { recursive: true });
    }
    const [a, b] = [await one.load(), await other.load()];
    expect(a.generation.versions).toEqual(b.generation.versions);
    other.write('lists/watched-parties.csv', 'id,source,reason,person\nA-1,police,case 7,li\n');
    expect((await other.load()).generation.versions.lists).not.toBe(a.generation.versions.lists);
  });
});
