/**
 * The parameters of the simulated bank: config/simulation.yaml, checked as a whole. Every value and its source or reason
 * stands in that file; there is no second set of defaults here. Unknown keys are refused, all faults are named at once.
 */
import { type Static, type TSchema, Type } from 'typebox';
import { Errors } from 'typebox/value';
import type { ConfigFault, SourceFile } from '../domain/config-fault.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type PathStep, parseStrictYaml, type YamlFile } from '../domain/strict-yaml.ts';
import { parseRfc3339 } from '../domain/time.ts';
import { OCCASIONS, SCENARIOS } from './transaction-message.ts';

export const SEGMENTS = ['RETAIL', 'STUDENT', 'SENIOR', 'PRIVATE', 'SMALL_BUSINESS', 'CORPORATE'] as const;
export type Segment = (typeof SEGMENTS)[number];

const share = Type.Number({ minimum: 0, maximum: 1 });
const positive = Type.Number({ exclusiveMinimum: 0 });
const notNegative = Type.Number({ minimum: 0 });
/** smallest and largest number, both included */
const range = Type.Tuple([Type.Integer({ minimum: 1 }), Type.Integer({ minimum: 1 })]);
const closed = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });
/** One value for each name of a closed list. */
const each = <K extends string, T extends TSchema>(names: readonly K[], schema: T) =>
  closed(Object.fromEntries(names.map((name) => [name, schema])) as { [P in K]: T });

export const PARAMETERS_SCHEMA = closed({
  bank: closed({
    startAt: Type.String(),
    zoneOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840 }),
    customersMinimum: Type.Integer({ minimum: 50 }),
    transactionsPerCustomer: positive,
    transactionsPerCustomerDay: positive,
    activitySigma: notNegative,
    dormantShare: share,
    dormantDays: range,
    dormantReturnsPerYear: notNegative,
  }),
  segments: each(SEGMENTS, closed({ share, activity: positive, balanceYuan: positive, spending: positive })),
  accessibility: closed({ hearingShare: share, sightShare: share, seniorFactor: notNegative }),
  ordinary: closed({
    failedLoginShare: share,
    newPayeeShare: share,
    refundShare: share,
    reversalShare: share,
    otherDeviceShare: share,
    onCallShare: share,
    sharedCardShare: share,
    sharedHomeAddressShare: share,
  }),
  lateness: closed({
    share,
    medianSeconds: positive,
    offlineShare: share,
    offlineMaxHours: Type.Number({ exclusiveMinimum: 0, maximum: 23 }),
  }),
  occasionsPerYear: each(
    OCCASIONS.filter(
      (name) => !['payroll', 'shopping-festival', 'shared-card', 'dormant-returns'].includes(name),
    ) as readonly YearlyOccasion[],
    notNegative,
  ),
  festival: closed({ days: Type.Array(Type.String({ pattern: '^\\d{2}-\\d{2}$' })), share, purchases: range }),
  payroll: closed({ share, employees: range }),
  fraud: closed({
    warmUpShare: share,
    warmUpMaxDays: positive,
    episodesPerThousandTransactions: notNegative,
    mix: each(SCENARIOS, Type.Integer({ minimum: 0, maximum: 100 })),
    payments: each(SCENARIOS, range),
    unknownDeviceShare: share,
    reusedDeviceShare: share,
    onCallShare: share,
    nightShare: share,
    patientShare: share,
  }),
  labels: closed({
    reportDelayHours: each(SCENARIOS, positive),
    genuineDelayHours: positive,
    sigma: notNegative,
    maxDelayDays: positive,
    disputedOccasionShare: share,
    disputedShare: share,
  }),
});

export type YearlyOccasion = Exclude<
  (typeof OCCASIONS)[number],
  'payroll' | 'shopping-festival' | 'shared-card' | 'dormant-returns'
>;
export type SimulationParameters = Static<typeof PARAMETERS_SCHEMA>;

export function parseParameters(source: SourceFile): Result<SimulationParameters, readonly ConfigFault[]> {
  const parsed = parseStrictYaml(source);
  if (!parsed.ok) return parsed;
  const yaml = parsed.value;
  const errors = Errors(PARAMETERS_SCHEMA, yaml.value).filter((error) => error.keyword !== 'boolean');
  if (errors.length > 0) return err(errors.flatMap((error) => faultsOf(yaml, error)));
  const parameters = yaml.value as SimulationParameters;
  const faults = crossFaults(parameters, yaml);
  return faults.length === 0 ? ok(parameters) : err(faults);
}

const stepsOf = (pointer: string): readonly PathStep[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));

function faultsOf(yaml: YamlFile, error: ReturnType<typeof Errors>[number]): readonly ConfigFault[] {
  const path = stepsOf(error.instancePath);
  if (error.keyword === 'additionalProperties') {
    const known = knownKeys(path);
    return error.params.additionalProperties.map((key) =>
      yaml.fault([...path, key], 'is not a known key', didYouMean(key, known)),
    );
  }
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((key) => yaml.fault([...path, key], 'is missing'));
  }
  return [yaml.fault(path, error.message)];
}

function knownKeys(path: readonly PathStep[]): readonly string[] {
  let at: { properties?: Record<string, object> } | undefined = PARAMETERS_SCHEMA;
  for (const step of path) at = at?.properties?.[step];
  return Object.keys(at?.properties ?? {});
}

function crossFaults(parameters: SimulationParameters, yaml: YamlFile): readonly ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (parseRfc3339(parameters.bank.startAt) === undefined) {
    faults.push(yaml.fault(['bank', 'startAt'], 'must be a date-time of RFC 3339 with a zone'));
  }
  const shares = SEGMENTS.reduce((sum, segment) => sum + parameters.segments[segment].share, 0);
  if (Math.abs(shares - 1) > 1e-6) {
    faults.push(yaml.fault(['segments'], `the shares must sum to 1, they sum to ${Number(shares.toFixed(6))}`));
  }
  const ranges: readonly (readonly [readonly string[], readonly number[]])[] = [
    [['bank', 'dormantDays'], parameters.bank.dormantDays],
    [['festival', 'purchases'], parameters.festival.purchases],
    [['payroll', 'employees'], parameters.payroll.employees],
    ...SCENARIOS.map((name) => [['fraud', 'payments', name], parameters.fraud.payments[name]] as const),
  ];
  for (const [path, [low = 0, high = 0]] of ranges) {
    if (low > high) faults.push(yaml.fault(path, `the smallest (${low}) is above the largest (${high})`));
  }
  if (SCENARIOS.every((name) => parameters.fraud.mix[name] === 0)) {
    faults.push(yaml.fault(['fraud', 'mix'], 'at least one scenario must have a weight above 0'));
  }
  return faults;
}
