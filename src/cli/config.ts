/** `vigil config check|show`. */
import { describeSettings } from '../config/load-settings.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

export async function runConfig(
  action: 'check' | 'show',
  options: { readonly config?: string },
  io: CommandIo,
): Promise<ExitCode> {
  const configuration = await loadOrRefuse(options.config);
  const { ruleset, features, lists, limits, channels, sources, generation } = configuration;
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
      `${ruleset.rules.length} rules, ${limits.limits.length} limits, ${lists.names.length} lists with ${lists.size} entries.`,
  );
  return EXIT.done;
}
