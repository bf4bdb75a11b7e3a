/** The commands that run something: demo, run, migrate, simulate. */
import { type Command, Option } from 'commander';
import { processIo } from './io.ts';
import { CONFIG_OPTION, finish, positiveNumber, share, wholeNumber } from './option-types.ts';

export function defineRunCommands(program: Command, version: string): void {
  program
    .command('demo')
    .description('the embedded stack: a simulated bank through the whole pipeline, then a live stream, API and console')
    .option('--transactions <n>', 'how many to run before the live stream', wholeNumber(1), 20_000)
    .option('--seed <n>', 'of the simulated bank', wholeNumber(0), 7)
    .option('--no-serve', 'end when all is decided')
    .option('--report <file>', 'write the report as JSON')
    .option('--port <n>', 'of the HTTP server, 0 for a free one', wholeNumber(0))
    .option('--token <text>', 'the bearer token; a random one otherwise')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./demo.ts')).runDemo({ ...options, version }, processIo)));

  program
    .command('run')
    .description('the real stack: Kafka, Redis, Postgres from the configuration')
    .option('--workers <n>', 'processes that score; each listens on its own port, from http.port on', wholeNumber(1), 1)
    .addOption(new Option('--worker-index <n>').argParser(wholeNumber(0)).hideHelp())
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./run.ts')).runVigil({ ...options, version }, processIo)));

  program
    .command('migrate')
    .description('the topics with their partitions and retention, and the database schema; safe to run again')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./migrate.ts')).runMigrate(options, processIo)));

  program
    .command('simulate')
    .description('a seeded bank on all channels, with labelled fraud')
    .option('--transactions <n>', 'how many', wholeNumber(1), 20_000)
    .option('--seed <n>', 'of the bank', wholeNumber(0), 7)
    .option('--customers <n>', 'how many; in proportion to the transactions otherwise', wholeNumber(1))
    .option('--start <time>', 'RFC 3339; the date of simulation.yaml otherwise')
    .option('--out <file>', 'NDJSON; .gz by its name')
    .option('--labels <file>', 'the ground truth as CSV')
    .option('--all-labels', 'a GENUINE label for every honest transaction too')
    .option('--rate <tps>', 'transactions per second', wholeNumber(1))
    .option('--kafka', 'into the transactions topic; labels into the feedback topic as they become known')
    .option(...CONFIG_OPTION)
    .action((options) =>
      finish(async () => (await import('./simulate-command.ts')).simulateCommand(options, processIo)),
    );

  program
    .command('bench')
    .description('what the configuration costs on this machine, stage by stage')
    .option('--transactions <n>', 'how many are timed', wholeNumber(128), 20_000)
    .option('--seed <n>', 'of the simulated bank', wholeNumber(0), 7)
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./bench-command.ts')).benchCommand(options, processIo)));

  program
    .command('capacity')
    .description('the memory that Redis needs for the features in force, log by log, and the disk of the topics')
    .requiredOption('--customers <n>', 'how many', wholeNumber(1))
    .requiredOption('--rate <tps>', 'transactions per second, on average over the day', positiveNumber)
    .option('--transaction-bytes <n>', 'of a transaction as it is published', wholeNumber(0), 600)
    .option('--decision-bytes <n>', 'of a decision as it is published', wholeNumber(0), 4000)
    .option('--new-members <share>', 'share of events with a member that is new to its log: a new payee', share, 0.3)
    .option('--corrected <share>', 'share of transactions that are corrected versions of earlier ones', share, 0.002)
    .option('--entities <name=n...>', 'so many per customer, as device=1.5; 1 otherwise', [])
    .option('--redis <url>', 'beside what MEMORY USAGE says of the keys that are there')
    .option('--sample <n>', 'keys measured of each kind', wholeNumber(1), 200)
    .option('--json', 'for programs')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./capacity.ts')).capacityCommand(options, processIo)));
}
