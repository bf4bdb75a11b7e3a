/** The commands of those who own rules, limits, lists, models and the configuration. */
import type { Command } from 'commander';
import { processIo } from './io.ts';
import { CONFIG_OPTION, finish, share, wholeNumber } from './option-types.ts';

const JSON_OPTION = ['--json', 'for programs'] as const;
/** what has expired by then is not in force */
const nowText = (): string => new Date().toISOString();

export function defineOwnerCommands(program: Command): void {
  defineConfig(program.command('config').description('the configuration'));
  defineRules(program.command('rules').description('the rules'));
  defineLimits(program.command('limits').description('the limits'));
  defineLists(program.command('lists').description('the lists'));
  defineModel(program.command('model').description('the behavioural model'));
}

function defineConfig(config: Command): void {
  for (const action of ['check', 'show'] as const) {
    config
      .command(action)
      .description(action === 'check' ? 'prints all faults at once' : 'prints what is in force and where it comes from')
      .option(...CONFIG_OPTION)
      .action((options) => finish(async () => (await import('./config.ts')).runConfig(action, options, processIo)));
  }
  defineConfigLife(config);
}

/** of a configuration in the store that all workers follow (settings: reload) */
function defineConfigLife(config: Command): void {
  const body = () => import('./config-lifecycle.ts');
  const by = ['--by <person>', 'who does it'] as const;
  config
    .command('propose')
    .description('checks and tests a folder and puts its content into the store; prints its hash')
    .requiredOption(...by)
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).runConfigPropose(options, processIo)));
  config
    .command('approve <hash>')
    .description("another person's approval of exactly this content")
    .requiredOption(...by)
    .option('--days <n>', 'how long it holds', wholeNumber(1), 7)
    .option(...CONFIG_OPTION)
    .action((hash: string, options) =>
      finish(async () => (await body()).runConfigApprove({ ...options, hash }, processIo)),
    );
  config
    .command('activate <hash>')
    .description('brings an approved configuration into force in all workers')
    .requiredOption(...by)
    .option('--at <time>', 'RFC 3339; at once otherwise')
    .option(...CONFIG_OPTION)
    .action((hash: string, options) =>
      finish(async () => (await body()).runConfigActivate({ ...options, hash }, processIo)),
    );
  config
    .command('rollback')
    .description('back to what was in force before')
    .requiredOption(...by)
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).runConfigRollback(options, processIo)));
  config
    .command('diff <hash>')
    .description('what a proposed configuration changes against the one in force: to read before approving')
    .option('--against <hash>', 'another one than what is in force')
    .option(...CONFIG_OPTION)
    .action((hash: string, options) =>
      finish(async () => (await import('./config-diff.ts')).runConfigDiff({ ...options, hash }, processIo)),
    );
  config
    .command('cancel')
    .description('what is scheduled does not come; what is in force stays')
    .requiredOption(...by)
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).runConfigCancel(options, processIo)));
  config
    .command('history')
    .description('what came into force when, and through whom')
    .option('--limit <n>', 'the newest', wholeNumber(1), 20)
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).runConfigHistory(options, processIo)));
}

function defineRules(rules: Command): void {
  rules
    .command('check')
    .description('prints all faults at once, and warnings with what to write instead')
    .option('--strict', 'warnings fail too')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./rules-command.ts')).rulesCheck(options, processIo)));
  rules
    .command('test')
    .description('runs the tests beside rules, limits and lists on the live code path')
    .option('--only <text>', 'cases that mention this text')
    .option('--junit <file>', 'write JUnit XML')
    .option('--coverage', 'list what no test has exercised')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./rules-command.ts')).rulesTest(options, processIo)));
  rules
    .command('try')
    .description('one event against the rules, nothing stored')
    .requiredOption('--event <file>', 'the transaction as JSON')
    .option('--history <file>', 'NDJSON of what came before, oldest first')
    .option('--candidate <dir>', 'a second configuration to compare with')
    .option('--all', 'every rule, not only those that hit or failed')
    .option(...JSON_OPTION)
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./rules-command.ts')).rulesTry(options, processIo)));
  rules
    .command('explain [rules...]')
    .description('what a rule says, where it applies, what it reads and which tests hold it')
    .option(...CONFIG_OPTION)
    .action((ruleIds: readonly string[], options) =>
      finish(async () => (await import('./rules-command.ts')).rulesExplain({ ...options, ruleIds }, processIo)),
    );
  rules
    .command('shadow')
    .description('what the rules in shadow would have done')
    .requiredOption('--in <file>', 'decisions, of `vigil backtest --out` or of the decisions topic')
    .option('--labels <file>', 'CSV; with it the precision')
    .option('--minutes-per-alert <n>', "an analyst's time for one alert", wholeNumber(1), 15)
    .option(...JSON_OPTION)
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await import('./rules-command.ts')).rulesShadow(options, processIo)));
}

function defineLimits(limits: Command): void {
  limits
    .command('explain')
    .description('which value of each limit is in force for these parties, and why')
    .requiredOption('--channel <code>', 'a channel of channels.yaml')
    .requiredOption('--customer <id>', 'the customer')
    .option('--limit <id>', 'one limit; all of the channel otherwise')
    .option('--branch <id>', 'the institution')
    .option('--product <code>', 'the product')
    .option('--at <time>', 'RFC 3339', nowText())
    .option(...JSON_OPTION)
    .option(...CONFIG_OPTION)
    .action((options) =>
      finish(async () => (await import('./limits-explain.ts')).runLimitsExplain(options, processIo)),
    );
  limits
    .command('coverage')
    .description(
      'clause of a regulation → limit or list → test, as Markdown; exit code 1 where a clause lacks one of them',
    )
    .option('--out <file>', 'write it there')
    .option(...CONFIG_OPTION)
    .action((options) =>
      finish(async () => (await import('./limits-coverage.ts')).limitsCoverageCommand(options, processIo)),
    );
}

function defineLists(lists: Command): void {
  const body = () => import('./lists-commands.ts');
  lists
    .command('show')
    .description('what the lists hold')
    .option('--at <time>', 'RFC 3339', nowText())
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).runListsShow(options, processIo)));
  lists
    .command('find <id>')
    .description('where an id stands; exit code 1 when on no list')
    .option('--at <time>', 'RFC 3339', nowText())
    .option(...CONFIG_OPTION)
    .action((id: string, options) => finish(async () => (await body()).runListsFind({ ...options, id }, processIo)));
  lists
    .command('export <list>')
    .description('a list as CSV, safe for spreadsheets')
    .option('--out <file>', 'the output otherwise')
    .option('--bom', 'a byte order mark, for spreadsheets')
    .option(...CONFIG_OPTION)
    .action((list: string, options) =>
      finish(async () => (await body()).runListsExport({ ...options, list }, processIo)),
    );
  lists
    .command('import <list>')
    .description('a CSV file as the new content of a list: whole, or not at all with every faulty line named')
    .requiredOption('--in <file>', 'CSV')
    .requiredOption('--config <dir>', 'the folder whose list is written; the shipped one never is')
    .option('--merge', 'keep the entries that the file does not name')
    .option('--empty', 'a file without an entry may empty the list')
    .option('--dry-run', 'only check')
    .action((list: string, options) =>
      finish(async () => (await body()).runListsImport({ ...options, list }, processIo)),
    );
}

function defineModel(model: Command): void {
  const body = () => import('./model-command.ts');
  model
    .command('train')
    .description('trains a model on a simulated bank and writes it with its manifest and card')
    .requiredOption('--out <dir>', 'models/<version>')
    .option('--seed <n>', 'of the bank and of the training', wholeNumber(0), 991)
    .option('--transactions <n>', 'how many', wholeNumber(1000), 300_000)
    .option('--epochs <n>', 'passes over the training rows', wholeNumber(1))
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).modelTrainCommand(options, processIo)));
  judgedOn(
    model
      .command('evaluate')
      .description('measures a model on another simulated bank, or on labelled history')
      .option('--version <version>', 'the configured one otherwise'),
  )
    .option('--report <file>', 'write the figures as JSON')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).modelEvaluateCommand(options, processIo)));
  judgedOn(
    model
      .command('promote <version>')
      .description('makes a model the one that serves, after measuring it beside the one in force')
      .requiredOption('--by <person>', 'who does it')
      .requiredOption('--approved-by <person>', 'another person, who has seen the figures')
      .option('--although <reason>', 'also when its average precision is lower'),
  )
    .option(...CONFIG_OPTION)
    .action((version: string, options) =>
      finish(async () => (await body()).modelPromoteCommand({ ...options, version }, processIo)),
    );
  model
    .command('score')
    .description('the score of every transaction of a history')
    .requiredOption('--in <file>', 'NDJSON')
    .requiredOption('--out <file>', 'NDJSON')
    .option('--labels <file>', 'CSV')
    .option('--version <version>', 'the configured one otherwise')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).modelScoreCommand(options, processIo)));
  model
    .command('list')
    .description('the models of a configuration')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).modelListCommand(options, processIo)));
}

/** the history on which models are measured */
function judgedOn(command: Command): Command {
  return command
    .option('--in <file>', 'NDJSON')
    .option('--labels <file>', 'CSV')
    .option('--seed <n>', 'of the bank', wholeNumber(0), 4711)
    .option('--transactions <n>', 'how many', wholeNumber(1000), 100_000)
    .option('--threshold <p>', 'probability from which a transaction counts as caught', share, 0.5);
}
