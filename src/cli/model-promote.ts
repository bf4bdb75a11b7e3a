/**
 * `vigil model promote`: makes a model the one that serves. A reviewed act: the candidate must load through every check of a
 * start, it is measured beside the model in force on the same history, which neither was trained on, and a second person
 * stands behind it. What changes is one line of the folder's vigil.yaml, written whole or not at all; running workers follow it
 * as any change of the folder. The way back is to promote the earlier one.
 */
import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { VigilError } from '../domain/errors.ts';
import { withYamlValue } from '../domain/set-yaml-value.ts';
import { formatRfc3339 } from '../domain/time.ts';
import { listModels } from '../models/model-registry.ts';
import type { TfjsModel } from '../models/tfjs-model.ts';
import type { Evaluation } from '../models/training/evaluate-scores.ts';
import { isSamePerson } from '../rules/approval.ts';
import { openModel } from './compare-models.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { type ModelEvaluateOptions, measureModels } from './model-evaluate.ts';
import { evaluationLines } from './model-report.ts';
import { replaceFile } from './replace-file.ts';

export interface ModelPromoteOptions extends Omit<ModelEvaluateOptions, 'version' | 'report'> {
  /** the candidate */
  readonly version: string;
  readonly by: string;
  /** another person */
  readonly approvedBy: string;
  /** why a model with a lower average precision shall serve all the same */
  readonly although?: string | undefined;
}

/** Beside vigil.yaml: who promoted what and on which figures, a line each, only ever added to. */
export const PROMOTIONS_FILE = 'model-promotions.ndjson';

export async function runModelPromote(options: ModelPromoteOptions, io: CommandIo): Promise<ExitCode> {
  const folder = ownFolder(options.configuration);
  refuseOnePerson(options);
  const champion = await modelInForce(options);
  if (champion?.version === options.version) {
    await champion.close();
    throw usage(`model ${options.version} serves already`);
  }
  const candidate = await openModel(options.configuration, options.version);
  const models = champion === undefined ? [candidate] : [candidate, champion];
  try {
    const { evaluations } = await measureModels(options, models, io);
    const [own, other] = evaluations;
    if (own === undefined) throw new VigilError('BUG', 'a model was not measured');
    for (const [place, model] of models.entries()) showFigures(model, place === 0 ? own : other, io);
    const worse = reasonAgainst(own, other);
    if (worse !== undefined && options.although === undefined) {
      io.out(`not promoted: ${worse} (--although <reason> promotes it all the same)`);
      return EXIT.failed;
    }
    await putInForce(folder, options, { from: champion?.version ?? null, own, other });
    io.out(`model ${candidate.version} serves from now on, instead of ${champion?.version ?? 'none'}`);
    return EXIT.done;
  } finally {
    for (const model of models) await model.close();
  }
}

const usage = (message: string): VigilError => new VigilError('USAGE', message);

function ownFolder({ sources }: LoadedConfiguration): string {
  if (sources.ownDir !== undefined) return sources.ownDir;
  throw usage('The shipped configuration is not changed: name your own folder with --config.');
}

function refuseOnePerson({ by, approvedBy }: ModelPromoteOptions): void {
  if (by.trim() === '' || approvedBy.trim() === '') throw usage('--by and --approved-by must name persons.');
  if (isSamePerson(by, approvedBy)) throw usage('--by and --approved-by are the same person: a promotion needs two.');
}

/**
 * undefined: no model serves now. One that is configured and does not load is a fault to mend first. An empty model.version
 * means the only one there, which it was until the candidate was put beside it.
 */
async function modelInForce({ configuration, version }: ModelPromoteOptions): Promise<TfjsModel | undefined> {
  const { settings, sources } = configuration;
  if (!settings.model.enabled) return undefined;
  if (settings.model.version !== '') return openModel(configuration, undefined);
  const others = (await listModels(sources.modelsDir)).map((model) => model.version).filter((name) => name !== version);
  if (others.length < 2) return openModel(configuration, others[0]);
  throw usage(`which model serves? Set model.version to one of ${others.join(', ')} first.`);
}

function showFigures(model: TfjsModel, evaluation: Evaluation | undefined, io: CommandIo): void {
  io.out(`model ${model.version}`);
  for (const line of evaluation === undefined ? [] : evaluationLines(evaluation)) io.out(`  ${line}`);
}

/** What speaks against the candidate by its figures. */
function reasonAgainst(own: Evaluation, other: Evaluation | undefined): string | undefined {
  if (own.frauds === 0) return 'the history holds no fraud that was judged: nothing was measured';
  if (other === undefined || own.averagePrecision >= other.averagePrecision) return undefined;
  return `its average precision is ${own.averagePrecision}, that of the model in force ${other.averagePrecision}`;
}

interface Promotion {
  readonly from: string | null;
  readonly own: Evaluation;
  readonly other: Evaluation | undefined;
}

async function putInForce(
  folder: string,
  options: ModelPromoteOptions,
  { from, own, other }: Promotion,
): Promise<void> {
  const { version, by, approvedBy, although, now } = options;
  const file = path.join(folder, 'vigil.yaml');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const record = {
    at: formatRfc3339(now()),
    from,
    to: version,
    by: by.trim(),
    approvedBy: approvedBy.trim(),
    judgedOn: options.in ?? `simulated bank, seed ${options.seed}, ${options.transactions} transactions`,
    ...(although === undefined ? {} : { although }),
    figures: { candidate: own, ...(other === undefined ? {} : { inForce: other }) },
  };
  // the record first: a promotion that nobody can explain is worse than a line about one that did not come
  await appendFile(path.join(folder, PROMOTIONS_FILE), `${JSON.stringify(record)}\n`);
  await replaceFile(file, withYamlValue(text, ['model', 'version'], version));
}
