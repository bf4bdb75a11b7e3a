/** `vigil migrate`: the topics with their partitions and retention, and the database schema. Safe to run again. */
import { migrateEverything } from '../composition/real-stack.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

export async function runMigrate(options: { readonly config?: string }, io: CommandIo): Promise<ExitCode> {
  const { settings } = await loadOrRefuse(options.config);
  for (const line of await migrateEverything(settings)) io.out(line);
  return EXIT.done;
}
