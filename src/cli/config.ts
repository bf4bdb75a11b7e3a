/** `vigil config check|show`. */

import { knownNames } from '../composition/known-names.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { describeSettings } from '../config/load-settings.ts';
import type { ChannelCatalogue } from '../domain/channel-catalogue.ts';
import { parseRuleTests } from '../rules/testing/test-case.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { unreadText } from './unread-files.ts';

export async function runConfig(
  action: 'check' | 'show',
  options: { readonly config?: string },
  io: CommandIo,
): Promise<ExitCode> {
  const configuration = await loadOrRefuse(options.config);
  const { ruleset, features, lists, limits, channels, sources, generation } = configuration;
  const tests = parseRuleTests(sources.ruleTests, knownNames(configuration));
  if (!tests.ok && action === 'check') throw new ConfigurationRefused(tests.error);
  if (action === 'show') {
    const rows = describeSettings(configuration.loadedSettings);
    const width = Math.max(...rows.map((row) => row.key.length));
    for (const { key, value, origin } of rows) io.out(`${key.padEnd(width)}  ${value}  (${origin})`);
    for (const [part, hash] of Object.entries(generation.versions))
      io.out(`version of ${part.padEnd(width - 11)}  ${hash}`);
    io.out(`models  ${sources.modelsDir}`);
  }
  io.out(
    `The configuration is in order: ${channels.channels.size} channels, ${features.features.length} features, ` +
      `${ruleset.rules.length} rules, ${limits.limits.length} limits, ${lists.names.length} lists with ${lists.size} entries; ` +
      `${tests.ok ? tests.value.length : 'unreadable'} tests, which "vigil rules test" runs.`,
  );
  const warning = retentionWarning(configuration);
  if (warning !== undefined) io.out(`warning: ${warning}`);
  for (const text of helplessCustomers(channels)) io.out(`warning: ${text}`);
  for (const name of sources.unread) io.out(`warning: ${unreadText(name)}`);
  return EXIT.done;
}

/** A challenge that a customer cannot pass becomes a HOLD: rightly so, and a bank should know on which channels that is. */
function helplessCustomers({ channels, challengeMethods }: ChannelCatalogue): readonly string[] {
  const needs = new Set([...challengeMethods.values()].flatMap((method) => method.unusableFor));
  return [...channels.values()].flatMap(({ code, challengeMethods: offered }) => {
    const becomes = 'every CHALLENGE becomes a HOLD';
    if (offered.length === 0) return [`${code} has no method of challenge: ${becomes}`];
    const helpless = [...needs].filter((need) =>
      offered.every((method) => challengeMethods.get(method)?.unusableFor.includes(need) ?? true),
    );
    return helpless.map((need) => `${code} has no method of challenge for customers with ${need}: ${becomes} for them`);
  });
}

const HOUR_MS = 3_600_000;

/** A rebuild after a loss of Redis data has what the topics hold: shorter than the windows, it leaves features warming up. */
function retentionWarning({ settings, features: { features } }: LoadedConfiguration): string | undefined {
  const { retentionHours } = settings.kafka;
  const reachHours = features.map(({ windowMs, delayMs }) => (windowMs + delayMs) / HOUR_MS);
  const longer = reachHours.filter((hours) => hours > retentionHours);
  if (longer.length === 0) return undefined;
  return (
    `kafka.retentionHours is ${retentionHours}: after a loss of Redis data the topics alone would give no full window to ` +
    `${longer.length} of ${features.length} features, the longest looks back ${Math.ceil(Math.max(...longer))} hours. ` +
    'Keep the topics that long, or the history in files (docs/rebuild.md).'
  );
}
