#!/usr/bin/env node
/** The command line. Each command's body is a file of its own, loaded when it is called, so that help is quick. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { defineAlertCommands } from './define-alert-commands.ts';
import { defineHistoryCommands } from './define-history-commands.ts';
import { defineOwnerCommands } from './define-owner-commands.ts';
import { defineRunCommands } from './define-run-commands.ts';
import { EXIT, endQuietlyWithoutReader, processIo, reportError } from './io.ts';

const packageFile = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

endQuietlyWithoutReader();
const program = new Command('vigil')
  .description('Watches every transaction of a bank, on every channel, around the clock.')
  .version(version)
  .showHelpAfterError('(run with --help for the options)');
defineRunCommands(program, version);
defineHistoryCommands(program);
defineOwnerCommands(program);
defineAlertCommands(program);

/** Subcommands do not inherit it. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}
throwInsteadOfExit(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else process.exitCode = reportError(error, processIo);
}
