/** `vigil rules check`: all faults of the configuration at once (exit code 2), then what is allowed and probably not meant. */

import { knownNames } from '../composition/known-names.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { type ConfigFault, formatFault } from '../domain/config-fault.ts';
import type { Result } from '../domain/result.ts';
import { ENGINE_REASONS } from '../rules/reasons.ts';
import { parseRuleTests } from '../rules/testing/test-case.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';

export interface RulesCheckOptions {
  readonly loaded: Result<LoadedConfiguration, readonly ConfigFault[]>;
  /** warnings fail too */
  readonly strict?: boolean | undefined;
}

/**
 * Codes that nothing gives: left over, or a rule that names the wrong one. Rules of one's own beside the shipped dictionary
 * leave most of it unused, and nobody should read forty lines about that.
 */
export function unusedReasons({ ruleset, limits, lists, reasons, sources }: LoadedConfiguration): readonly string[] {
  const { ownDir } = sources;
  if (ownDir !== undefined && !sources.reasons.en.file.startsWith(ownDir)) return [];
  const used = new Set<string>([
    ...ENGINE_REASONS,
    ...ruleset.rules.map((rule) => rule.reason),
    ...limits.limits.map((limit) => limit.reason),
    ...lists.definitions.flatMap((list) => (list.reason === null ? [] : [list.reason])),
  ]);
  return [...reasons.keys()].filter((code) => !used.has(code));
}

function untestedRules(configuration: LoadedConfiguration): readonly string[] {
  const { ruleset, sources } = configuration;
  const parsed = parseRuleTests(sources.ruleTests, knownNames(configuration));
  if (!parsed.ok) throw new ConfigurationRefused(parsed.error);
  const tested = new Set(
    parsed.value.flatMap(({ expect }) => [
      ...(expect.hits ?? []),
      ...(expect.onlyHits ?? []),
      ...(expect.shadow ?? []),
    ]),
  );
  return ruleset.rules.filter((rule) => rule.mode !== 'off' && !tested.has(rule.id)).map((rule) => rule.id);
}

export async function runRulesCheck({ loaded, strict }: RulesCheckOptions, io: CommandIo): Promise<ExitCode> {
  if (!loaded.ok) throw new ConfigurationRefused(loaded.error);
  const configuration = loaded.value;
  const { ruleset } = configuration;
  const warnings = [
    ...ruleset.warnings().map(formatFault),
    ...unusedReasons(configuration).map((code) => `reasons.en.yaml ${code}: nothing gives this reason`),
    ...untestedRules(configuration).map((id) => `${id}: no test expects this rule to hit`),
  ];
  for (const warning of warnings) io.out(`warning: ${warning}`);
  const modes = ['live', 'shadow', 'off'].map(
    (mode) => `${ruleset.rules.filter((rule) => rule.mode === mode).length} ${mode}`,
  );
  io.out(
    `${ruleset.rules.length} rules in order (${modes.join(', ')}), version ${ruleset.version}; ${warnings.length} warning${warnings.length === 1 ? '' : 's'}`,
  );
  return strict === true && warnings.length > 0 ? EXIT.failed : EXIT.done;
}
