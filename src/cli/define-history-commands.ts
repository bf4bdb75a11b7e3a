/** The commands over what has happened: backtest, features, explain, redecide. */
import type { Command } from 'commander';
import { processIo } from './io.ts';
import { CONFIG_OPTION, finish, wholeNumber } from './option-types.ts';

const LABELS_OPTION = ['--labels <file>', 'CSV: transactionId,channel,label,labelledAt[,scenario]'] as const;
const MAP_OPTION = [
  '--map <file>',
  'mapping file for CSV and XML, or the name of a shipped one: iso8583, pacs008, …',
] as const;
const IN_OPTION = ['--in <file>', 'NDJSON, or CSV and XML with --map; .gz by its name'] as const;

export function defineHistoryCommands(program: Command): void {
  program
    .command('backtest')
    .description('the live code path on history in order of arrival, recomputing all state')
    .requiredOption(...IN_OPTION)
    .option(...CONFIG_OPTION)
    .option(...LABELS_OPTION)
    .option(...MAP_OPTION)
    .option('--out <file>', 'one decision a line; refused lines into FILE.dead-letters.ndjson')
    .option('--with-features', 'the features of each decision too')
    .option('--report <file>', 'write the report as JSON')
    .option('--html <file>', 'write the report as one page with curves')
    .option('--against <dir>', 'a second configuration, in the same pass: what --config changes in it')
    .option('--minutes-per-alert <n>', "an analyst's time for one alert", wholeNumber(1), 15)
    .option(
      '--threads <n>',
      '1: everything in one thread; 2: a second one reads, records and scores ahead',
      wholeNumber(1),
      2,
    )
    .option('--samples <n>', 'transactions shown of each kind of change', wholeNumber(0), 5)
    .action((options) =>
      finish(async () => (await import('./backtest-command.ts')).backtestCommand(options, processIo)),
    );

  const features = program.command('features').description('the feature store alone');
  features
    .command('compute')
    .description('one line {transactionId, channel, features} per input line')
    .requiredOption('--features <file>', 'the feature catalogue')
    .requiredOption(...IN_OPTION)
    .requiredOption('--out <file>', 'NDJSON; .gz by its name')
    .option(...LABELS_OPTION)
    .option(...MAP_OPTION)
    .option('--store <kind>', 'memory or redis', 'memory')
    .option('--redis <url>', 'address of the Redis for --store redis')
    .action((options) =>
      finish(async () => (await import('./features-command.ts')).featuresComputeCommand(options, processIo)),
    );
  features
    .command('rebuild')
    .description('after a loss of Redis data: the counters again, from Kafka or a file; harmless beside live workers')
    .option('--from <source>', 'kafka, or a file as --in of a backtest', 'kafka')
    .option(...MAP_OPTION)
    .option(...LABELS_OPTION)
    .option('--whole', 'nothing came before the file: no feature has to warm up')
    .option('--again', 'also when nothing was lost since the last rebuild')
    .option(...CONFIG_OPTION)
    .action((options) =>
      finish(async () => (await import('./features-rebuild.ts')).featuresRebuildCommand(options, processIo)),
    );

  for (const name of ['explain', 'redecide'] as const) {
    const isExplain = name === 'explain';
    program
      .command(`${name} <transaction-id>`)
      .description(isExplain ? 'why a transaction was decided as it was' : 'the same decision, computed again')
      .option('--channel <code>', 'on this channel only')
      .option('--in <file>', 'decisions of `vigil backtest --out`; the alert store otherwise')
      .option('--json', 'for programs')
      .option(...CONFIG_OPTION)
      .action((transactionId: string, options) =>
        finish(async () => {
          const { runExplain, runRedecide } = await import('./explain.ts');
          return (isExplain ? runExplain : runRedecide)({ ...options, transactionId }, processIo);
        }),
      );
  }
}
