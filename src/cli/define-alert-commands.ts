/** The commands over the record of decisions and alerts. */
import type { Command } from 'commander';
import { processIo } from './io.ts';
import { CONFIG_OPTION, finish, wholeNumber } from './option-types.ts';

export function defineAlertCommands(program: Command): void {
  const body = () => import('./alerts-commands.ts');
  const alerts = program.command('alerts').description('the record of decisions and alerts in PostgreSQL');
  alerts
    .command('verify')
    .description('is the audit trail as it was written; exit code 1 when it is not')
    .option('--noted <seq:hash>', 'what an earlier check printed, kept elsewhere: finds a trail that was written anew')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).runAlertsVerify(options, processIo)));
  alerts
    .command('retain')
    .description('drops decisions over their time by whole months; alerts and the audit trail stay')
    .requiredOption('--keep-months <n>', 'whole months that stay besides this one', wholeNumber(1))
    .option('--dry-run', 'only names the months')
    .option(...CONFIG_OPTION)
    .action((options) => finish(async () => (await body()).runAlertsRetain(options, processIo)));
}
