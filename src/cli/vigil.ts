#!/usr/bin/env node
/** The command line: options and help. Each command's body is a file of its own, loaded when it is called. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT, type ExitCode, processIo, reportError } from './io.ts';

const packageFile = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

type Body = () => Promise<ExitCode>;

async function finish(body: Body): Promise<void> {
  try {
    process.exitCode = await body();
  } catch (error) {
    process.exitCode = reportError(error, processIo);
  }
}

function wholeNumber(minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < minimum) {
      throw new InvalidArgumentError(`it must be a whole number from ${minimum} on.`);
    }
    return value;
  };
}

const program = new Command('vigil')
  .description('Watches every transaction of a bank, on every channel, around the clock.')
  .version(version)
  .showHelpAfterError('(run with --help for the options)')
  .exitOverride();

program
  .command('demo')
  .description('the embedded stack: a simulated bank through the whole pipeline, then a live stream, API and console')
  .option('--transactions <n>', 'how many to run before the live stream', wholeNumber(1), 20_000)
  .option('--seed <n>', 'of the simulated bank', wholeNumber(0), 7)
  .option('--no-serve', 'end when all is decided')
  .option('--report <file>', 'write the report as JSON')
  .option('--port <n>', 'of the HTTP server, 0 for a free one', wholeNumber(0))
  .option('--token <text>', 'the bearer token; a random one otherwise')
  .option('--config <dir>', 'what differs from the shipped configuration')
  .action((options) => finish(async () => (await import('./demo.ts')).runDemo({ ...options, version }, processIo)));

program
  .command('run')
  .description('the real stack: Kafka, Redis, Postgres from the configuration')
  .option('--config <dir>', 'what differs from the shipped configuration')
  .option(
    '--workers <n>',
    'processes that score; each listens on a port of its own from http.port on',
    wholeNumber(1),
    1,
  )
  .addOption(new Option('--worker-index <n>').argParser(wholeNumber(0)).hideHelp())
  .action((options) => finish(async () => (await import('./run.ts')).runVigil({ ...options, version }, processIo)));

program
  .command('migrate')
  .description('the topics with their partitions and retention, and the database schema; safe to run again')
  .option('--config <dir>', 'what differs from the shipped configuration')
  .action((options) => finish(async () => (await import('./migrate.ts')).runMigrate(options, processIo)));

program
  .command('backtest')
  .description('the live code path on history in order of arrival, recomputing all state')
  .requiredOption('--in <file>', 'NDJSON, or CSV with --map; .gz by its name')
  .option('--config <dir>', 'what differs from the shipped configuration')
  .option('--labels <file>', 'CSV: transactionId,channel,label,labelledAt[,scenario]')
  .option('--map <file>', 'mapping file for CSV')
  .option('--out <file>', 'one decision a line; refused lines beside it')
  .option('--with-features', 'the features of each decision too')
  .option('--report <file>', 'write the report as JSON')
  .action((options) => finish(async () => (await import('./backtest-command.ts')).backtestCommand(options, processIo)));

const features = program.command('features').description('the feature store alone');
features
  .command('compute')
  .description('one line {transactionId, channel, features} per input line')
  .requiredOption('--features <file>', 'the feature catalogue')
  .requiredOption('--in <file>', 'NDJSON, or CSV with --map; .gz by its name')
  .requiredOption('--out <file>', 'NDJSON; .gz by its name')
  .option('--labels <file>', 'CSV: transactionId,channel,label,labelledAt[,scenario]')
  .option('--map <file>', 'mapping file for CSV')
  .option('--store <kind>', 'memory or redis', 'memory')
  .option('--redis <url>', 'address of the Redis for --store redis')
  .action((options) =>
    finish(async () => (await import('./features-command.ts')).featuresComputeCommand(options, processIo)),
  );

const config = program.command('config').description('the configuration');
for (const action of ['check', 'show'] as const) {
  config
    .command(action)
    .description(action === 'check' ? 'prints all faults at once' : 'prints what is in force and where it comes from')
    .option('--config <dir>', 'what differs from the shipped configuration')
    .action((options) => finish(async () => (await import('./config.ts')).runConfig(action, options, processIo)));
}

program
  .command('simulate')
  .description('a seeded bank on all channels, with labelled fraud')
  .option('--transactions <n>', 'how many', wholeNumber(1), 20_000)
  .option('--seed <n>', 'of the bank', wholeNumber(0), 7)
  .option('--out <file>', 'NDJSON; .gz by its name')
  .option('--labels <file>', 'the ground truth as CSV')
  .option('--rate <tps>', 'transactions per second', wholeNumber(1))
  .option('--kafka', 'into the transactions topic')
  .option('--config <dir>', 'what differs from the shipped configuration')
  .action((options) => finish(async () => (await import('./simulate-command.ts')).simulateCommand(options, processIo)));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else process.exitCode = reportError(error, processIo);
}
