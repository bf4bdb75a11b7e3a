/** Puts the `vigil model` commands together: configuration and clock for their bodies. */
import path from 'node:path';
import { systemClock } from '../composition/system-clock.ts';
import type { CommandIo, ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { type ModelEvaluateOptions, runModelEvaluate } from './model-evaluate.ts';
import { runModelList } from './model-list.ts';
import { type ModelPromoteOptions, runModelPromote } from './model-promote.ts';
import { type ModelScoreOptions, runModelScore } from './model-score.ts';
import { type ModelTrainOptions, runModelTrain } from './model-train.ts';

interface WithConfig {
  readonly config?: string;
}
type Given<T> = Omit<T, 'configuration' | 'now'> & WithConfig;

export async function modelTrainCommand(options: Given<ModelTrainOptions>, io: CommandIo): Promise<ExitCode> {
  const out = path.resolve(options.out);
  return runModelTrain(
    { ...options, out, configuration: await loadOrRefuse(options.config), now: systemClock.now },
    io,
  );
}

export async function modelEvaluateCommand(options: Given<ModelEvaluateOptions>, io: CommandIo): Promise<ExitCode> {
  return runModelEvaluate({ ...options, configuration: await loadOrRefuse(options.config), now: systemClock.now }, io);
}

export async function modelScoreCommand(options: Given<ModelScoreOptions>, io: CommandIo): Promise<ExitCode> {
  return runModelScore({ ...options, configuration: await loadOrRefuse(options.config), now: systemClock.now }, io);
}

export async function modelPromoteCommand(options: Given<ModelPromoteOptions>, io: CommandIo): Promise<ExitCode> {
  return runModelPromote({ ...options, configuration: await loadOrRefuse(options.config), now: systemClock.now }, io);
}

export async function modelListCommand(options: WithConfig, io: CommandIo): Promise<ExitCode> {
  return runModelList({ configuration: await loadOrRefuse(options.config) }, io);
}
