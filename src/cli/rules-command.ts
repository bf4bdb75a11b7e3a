/** Puts the `vigil rules` commands together: configuration for their bodies. */
import { loadConfiguration } from '../composition/load-generation.ts';
import { loadConfiguredModel } from '../composition/scoring-stack.ts';
import { configDir, readEnvironment } from '../config/environment.ts';
import type { CommandIo, ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { type RulesCheckOptions, runRulesCheck } from './rules-check.ts';
import { type RulesExplainOptions, runRulesExplain } from './rules-explain.ts';
import { type RulesShadowOptions, runRulesShadow } from './rules-shadow.ts';
import { type RulesTestOptions, runRulesTest } from './rules-test.ts';
import { type RulesTryOptions, runRulesTry } from './rules-try.ts';

interface WithConfig {
  readonly config?: string;
}

export async function rulesCheck(
  options: Pick<RulesCheckOptions, 'strict'> & WithConfig,
  io: CommandIo,
): Promise<ExitCode> {
  const environment = readEnvironment();
  const loaded = await loadConfiguration(configDir(options.config, environment), environment);
  return runRulesCheck({ ...options, loaded }, io);
}

export async function rulesTest(
  options: Pick<RulesTestOptions, 'only' | 'junit' | 'coverage'> & WithConfig,
  io: CommandIo,
): Promise<ExitCode> {
  return runRulesTest({ ...options, configuration: await loadOrRefuse(options.config) }, io);
}

/** With the models of both configurations: a decision by rules alone is not the one that the event would get. */
export async function rulesTry(
  options: Pick<RulesTryOptions, 'event' | 'history' | 'all' | 'json'> & WithConfig & { readonly candidate?: string },
  io: CommandIo,
): Promise<ExitCode> {
  const configuration = await loadOrRefuse(options.config);
  const candidate = options.candidate === undefined ? undefined : await loadOrRefuse(options.candidate);
  const model = await loadConfiguredModel(configuration);
  const candidateModel = candidate === undefined ? null : await loadConfiguredModel(candidate);
  try {
    return await runRulesTry({ ...options, configuration, candidate, model, candidateModel }, io);
  } finally {
    await model?.close();
    await candidateModel?.close();
  }
}

export async function rulesExplain(
  options: Pick<RulesExplainOptions, 'ruleIds'> & WithConfig,
  io: CommandIo,
): Promise<ExitCode> {
  return runRulesExplain({ ...options, configuration: await loadOrRefuse(options.config) }, io);
}

export async function rulesShadow(
  options: Omit<RulesShadowOptions, 'configuration'> & WithConfig,
  io: CommandIo,
): Promise<ExitCode> {
  return runRulesShadow({ ...options, configuration: await loadOrRefuse(options.config) }, io);
}
