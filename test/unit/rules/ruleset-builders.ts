/** Rulesets for tests, written as the YAML that an owner would write. */
import { formatFault, type SourceFile } from '../../../src/domain/config-fault.ts';
import { loadRuleset, loadRulesetInSlices, type Ruleset } from '../../../src/rules/ruleset.ts';
import { FEATURES } from './rule-builders.ts';

export const REASONS = new Map(
  [
    'VEL_COUNT_10M',
    'OTHER',
    'RULE_NOT_EVALUATED',
    'MODEL_SCORE',
    'NO_USABLE_CHALLENGE',
    'LIMIT_DAY',
    'STATIC_LIMIT',
  ].map((code) => [code, { en: `${code} in English`, 'zh-CN': `${code}（中文）` }]),
);

/** One rule as flow YAML; fields override the ones of an ordinary rule, `undefined` leaves a field out. */
export function ruleYaml(fields: Readonly<Record<string, unknown>> = {}): string {
  const rule: Record<string, unknown> = {
    id: 'burst',
    title: { en: 'Burst', 'zh-CN': '密集' },
    reason: 'VEL_COUNT_10M',
    when: 'tx.amountMinor > 100',
    outcome: 'CHALLENGE',
    score: 300,
    severity: 'high',
    ...fields,
  };
  return JSON.stringify(rule);
}

export const fileOf = (...rules: readonly string[]): string =>
  `ruleset: core\nversion: "1"\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;

export const load = (...texts: readonly string[]) =>
  loadFiles(texts.map((text, index) => ({ file: `rules/file-${index}.yaml`, text })));

const optionsFor = (files: readonly SourceFile[]) => ({
  files,
  features: FEATURES,
  channels: ['MOBILE_BANKING', 'ATM', 'ONLINE_BANKING'],
  reasons: REASONS,
  listNames: ['mule_accounts'],
  limitIds: ['atm_day'],
  segments: ['RETAIL', 'SENIOR'],
});

export const loadFiles = (files: readonly SourceFile[]) => loadRuleset(optionsFor(files));

export const loadFilesInSlices = (files: readonly SourceFile[], slicing: Parameters<typeof loadRulesetInSlices>[1]) =>
  loadRulesetInSlices(optionsFor(files), slicing);

export function rulesetOf(...rules: readonly string[]): Ruleset {
  const loaded = load(fileOf(...rules));
  if (!loaded.ok) throw new Error(loaded.error.map(formatFault).join('\n'));
  return loaded.value;
}

/** `line: path: message`, first line only. */
export function faultsIn(...texts: readonly string[]): readonly string[] {
  const loaded = load(...texts);
  return loaded.ok ? [] : loaded.error.map(({ line, path, message }) => `${line}: ${path}: ${message}`);
}
