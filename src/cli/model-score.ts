/** `vigil model score`: the model alone over a history file; one line {transactionId, channel, score, contributions} for each. */
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { openModel } from './compare-models.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { createLineWriter } from './line-writer.ts';
import { fileHistory, runModelHistory } from './model-history.ts';
import { createProgress } from './progress.ts';

export interface ModelScoreOptions {
  readonly configuration: LoadedConfiguration;
  readonly version?: string | undefined;
  readonly in: string;
  readonly labels?: string | undefined;
  readonly out: string;
  readonly now: () => number;
}

export async function runModelScore(options: ModelScoreOptions, io: CommandIo): Promise<ExitCode> {
  const { configuration, now } = options;
  const model = await openModel(configuration, options.version);
  const history = await fileHistory(options, configuration, now());
  const writer = createLineWriter(options.out);
  const progress = createProgress(io, 'scoring', undefined, now);
  const counts = await runModelHistory({
    configuration,
    history,
    onProgress: progress.update,
    onChunk: async (inputs) => {
      const scores = await model.score(inputs);
      for (const [i, { transaction }] of inputs.entries()) {
        const { transactionId, channel } = transaction;
        await writer.write(JSON.stringify({ transactionId, channel, ...scores[i] }));
      }
    },
  });
  await writer.end();
  progress.end();
  await model.close();
  io.note(`${counts.lines} lines, ${counts.refused} refused, model ${model.version} on ${model.backend}`);
  return EXIT.done;
}
