/**
 * The model without its inference: transactions → standardised inputs, logits → calibrated scores and reasons. Pure; the
 * back end that turns inputs into logits is an adapter (tfjs-model.ts).
 *
 * Reasons say how the score differs from that of the customer's own usual transaction on the same channel: integrated
 * gradients of the logit, summed by family of inputs. They are computed from `explainFrom` on only, which bounds their cost.
 */
import { VigilError } from '../domain/errors.ts';
import type { ModelInput, ModelScore } from '../domain/ports.ts';
import { calibrate } from './calibration.ts';
import { type DenseNetwork, explainLogit, type LogitExplanation } from './dense-network.ts';
import type { InputFacts, ModelInputDefinition } from './input-definition.ts';
import { createLocalHour } from './local-hour.ts';
import type { ModelManifest } from './manifest.ts';
import { MODEL_INPUTS } from './model-inputs.ts';

/** Standardised inputs beyond this are all "never seen": a net extrapolates without limit. */
const INPUT_BOUND = 10;
/** A family that moved the logit by less is no reason. */
const SMALLEST_REASON = 0.05;

export interface InputEncoder {
  /** MODEL_INPUTS of one transaction, before the scaler */
  encode(input: ModelInput): Float64Array;
  /** the same of the customer's usual transaction */
  encodeUsual(input: ModelInput, typical: readonly number[]): Float64Array;
}

/** MODEL_UNAVAILABLE when the chunk does not carry a feature that the model reads. */
export function createInputEncoder(zone: string): InputEncoder {
  const localHour = createLocalHour(zone);
  let names: readonly string[] | undefined;
  let positions = new Map<string, number>();
  const factsOf = (input: ModelInput): InputFacts => {
    if (input.names !== names) {
      // once per catalogue, not per transaction: the whole chunk shares one list of names
      positions = new Map(input.names.map((name, index) => [name, index]));
      names = input.names;
    }
    return {
      transaction: input.transaction,
      profile: input.profile,
      localHour: localHour(input.transaction.occurredAtMs),
      feature: (name) => input.values[positionOf(positions, name)] ?? null,
    };
  };
  return {
    encode: (input) => {
      const facts = factsOf(input);
      const row = new Float64Array(MODEL_INPUTS.length);
      // a plain loop: Float64Array.from with a mapper takes five times as long
      let i = 0;
      for (const definition of MODEL_INPUTS) row[i++] = definition.encode(facts);
      return row;
    },
    encodeUsual: (input, typical) => {
      const facts = factsOf(input);
      return Float64Array.from(MODEL_INPUTS, (definition, i) => usualValue(definition, facts, typical[i] ?? 0));
    },
  };
}

function positionOf(positions: ReadonlyMap<string, number>, name: string): number {
  const position = positions.get(name);
  if (position !== undefined) return position;
  throw new VigilError('MODEL_UNAVAILABLE', `the chunk has no feature ${name}`, { context: { feature: name } });
}

function usualValue(definition: ModelInputDefinition, facts: InputFacts, typical: number): number {
  if (definition.usual === 'held') return definition.encode(facts);
  const usual = definition.usual === 'typical' ? 'typical' : definition.usual(facts);
  return usual === 'typical' ? typical : usual;
}

export interface Scorer {
  /** rows × inputs, standardised; MODEL_UNAVAILABLE when a value is not a finite number */
  prepare(inputs: readonly ModelInput[]): Float32Array;
  standardise(encoded: readonly ArrayLike<number>[]): Float32Array;
  calibrate(logit: number): number;
  /** MODEL_UNAVAILABLE when a logit is missing or not a number: every comparison with NaN is false, which would allow */
  finish(inputs: readonly ModelInput[], prepared: Float32Array, logits: Float32Array): readonly ModelScore[];
  explain(input: ModelInput): LogitExplanation;
}

export function createScorer(manifest: ModelManifest, network: DenseNetwork, zone: string): Scorer {
  const encoder = createInputEncoder(zone);
  const width = manifest.inputs.length;
  const standardise = (encoded: readonly ArrayLike<number>[]): Float32Array => {
    const rows = new Float32Array(encoded.length * width);
    for (const [row, values] of encoded.entries()) standardiseRow(manifest, values, rows, row * width);
    return rows;
  };
  const explainRow = (input: ModelInput, row: Float32Array): LogitExplanation =>
    explainLogit(network, row, standardise([encoder.encodeUsual(input, manifest.typical)]));
  const scoreRow = (input: ModelInput, row: Float32Array, logit: number | undefined): ModelScore => {
    const score = calibrate(manifest.calibration, logit ?? Number.NaN);
    if (!(score >= 0 && score <= 1)) {
      throw new VigilError('MODEL_UNAVAILABLE', 'the model gave a score that is not a probability', {
        context: { score },
      });
    }
    // to a millionth, as canaries are held: decisions are kept and compared as text
    return {
      score: Math.round(score * 1e6) / 1e6,
      contributions: score >= manifest.explainFrom ? reasonsOf(explainRow(input, row)) : [],
    };
  };
  return {
    standardise,
    prepare: (inputs) => standardise(inputs.map((input) => finite(encoder.encode(input)))),
    calibrate: (logit) => calibrate(manifest.calibration, logit),
    finish: (inputs, prepared, logits) =>
      inputs.map((input, row) => scoreRow(input, prepared.subarray(row * width, (row + 1) * width), logits[row])),
    explain: (input) => explainRow(input, standardise([encoder.encode(input)])),
  };
}

function standardiseRow(
  manifest: ModelManifest,
  values: ArrayLike<number>,
  target: Float32Array,
  offset: number,
): void {
  const { mean, deviation } = manifest.scaler;
  for (let i = 0; i < mean.length; i++) {
    const scaled = ((values[i] ?? Number.NaN) - (mean[i] ?? 0)) / (deviation[i] ?? 1);
    target[offset + i] = Math.min(Math.max(scaled, -INPUT_BOUND), INPUT_BOUND);
  }
}

function finite(encoded: Float64Array): Float64Array {
  let broken = 0;
  while (broken < encoded.length && Number.isFinite(encoded[broken])) broken++;
  if (broken === encoded.length) return encoded;
  throw new VigilError('MODEL_UNAVAILABLE', `model input ${MODEL_INPUTS[broken]?.name} is not a finite number`, {
    context: { input: MODEL_INPUTS[broken]?.name },
  });
}

/** Contributions to the logit by family, largest first; rounded, because decisions are kept and compared as text. */
function reasonsOf(explanation: LogitExplanation): ModelScore['contributions'] {
  const byFamily = new Map<string, number>();
  for (const [i, { family }] of MODEL_INPUTS.entries()) {
    byFamily.set(family, (byFamily.get(family) ?? 0) + (explanation.contributions[i] ?? 0));
  }
  return [...byFamily]
    .filter(([, value]) => Math.abs(value) >= SMALLEST_REASON)
    .sort(([nameA, a], [nameB, b]) => Math.abs(b) - Math.abs(a) || (nameA < nameB ? -1 : 1))
    .map(([feature, value]) => ({ feature, value: Math.round(value * 1000) / 1000 }));
}
