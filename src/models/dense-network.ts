/**
 * The network in plain arithmetic: a stack of dense layers, ReLU between them, one logit at the end. It is the oracle of
 * the inference back end (canaries) and carries the reasons: integrated gradients need many evaluations along a line, and
 * along a line the first layer is linear, so that it costs one product instead of one per step.
 */
export interface DenseLayer {
  readonly inputs: number;
  readonly units: number;
  /** row-major [inputs, units], as TensorFlow.js stores it */
  readonly kernel: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

/** One kind of array everywhere inside: mixed kinds made the inner loops six times slower. */
interface PlainLayer extends DenseLayer {
  readonly kernel: Float64Array;
  readonly bias: Float64Array;
}

export interface DenseNetwork {
  readonly layers: readonly PlainLayer[];
}

/** Checks shapes; throws a RangeError that names the layer. */
export function createDenseNetwork(layers: readonly DenseLayer[]): DenseNetwork {
  if (layers.length < 2) throw new RangeError('a network needs at least one hidden layer');
  for (const [index, layer] of layers.entries()) {
    const next = layers[index + 1];
    const isWhole = layer.kernel.length === layer.inputs * layer.units && layer.bias.length === layer.units;
    if (!isWhole || (next !== undefined ? next.inputs !== layer.units : layer.units !== 1)) {
      throw new RangeError(`layer ${index} does not fit: ${layer.inputs} inputs, ${layer.units} units`);
    }
  }
  const plain = (layer: DenseLayer): PlainLayer => ({
    inputs: layer.inputs,
    units: layer.units,
    kernel: Float64Array.from(layer.kernel),
    bias: Float64Array.from(layer.bias),
  });
  return { layers: layers.map(plain) };
}

const at = (values: Float64Array, index: number): number => values[index] ?? 0;

/** kernelᵀ·x + bias; zeros of x are skipped, which halves the work behind a ReLU. */
function affine(layer: PlainLayer, x: Float64Array, withBias: boolean): Float64Array {
  const { inputs, units, kernel } = layer;
  const out = withBias ? layer.bias.slice() : new Float64Array(units);
  for (let i = 0; i < inputs; i++) {
    const value = at(x, i);
    if (value === 0) continue;
    const row = i * units;
    for (let j = 0; j < units; j++) out[j] = at(out, j) + value * at(kernel, row + j);
  }
  return out;
}

/** kernel·g, from the gradient at a layer's outputs to the one at its inputs; rows that the gate closes stay 0. */
function pullBack(layer: PlainLayer, g: Float64Array, gate: Float64Array | null): Float64Array {
  const { inputs, units, kernel } = layer;
  const out = new Float64Array(inputs);
  for (let i = 0; i < inputs; i++) {
    if (gate !== null && !(at(gate, i) > 0)) continue;
    const row = i * units;
    let sum = 0;
    for (let j = 0; j < units; j++) sum += at(kernel, row + j) * at(g, j);
    out[i] = sum;
  }
  return out;
}

/** A NaN stays one. */
function relu(z: Float64Array): Float64Array {
  const out = new Float64Array(z.length);
  for (let i = 0; i < z.length; i++) out[i] = Math.max(at(z, i), 0);
  return out;
}

/** The logit of one standardised input vector. */
export function networkLogit(network: DenseNetwork, x: ArrayLike<number>): number {
  let signal: Float64Array = Float64Array.from(x);
  for (const [index, layer] of network.layers.entries()) {
    const z = affine(layer, signal, true);
    signal = index === network.layers.length - 1 ? z : relu(z);
  }
  return at(signal, 0);
}

/** Gradient of the logit with respect to the first layer's outputs before their ReLU. */
function gradientAtFirstLayer(network: DenseNetwork, z0: Float64Array): Float64Array {
  const rest = network.layers.slice(1);
  const zs = [z0];
  for (const layer of rest) zs.push(affine(layer, relu(zs[zs.length - 1] ?? z0), true));
  let gradient: Float64Array = Float64Array.of(1);
  for (let index = rest.length - 1; index >= 0; index--) {
    const layer = rest[index];
    const z = zs[index];
    if (layer === undefined || z === undefined) break;
    gradient = pullBack(layer, gradient, z);
  }
  return gradient;
}

export interface LogitExplanation {
  /** per input: its share of logit(x) − logit(baseline) */
  readonly contributions: Float64Array;
  readonly logit: number;
  readonly baselineLogit: number;
  /** |Σ contributions − (logit − baselineLogit)| / |logit − baselineLogit|; 0 when both logits are equal */
  readonly completenessError: number;
}

/**
 * Integrated gradients from `baseline` to `x` (Sundararajan, Taly, Yan 2017), midpoint rule. The gradient of a ReLU network
 * jumps at its kinks, so the number of steps is raised fourfold until the sum is right to `tolerance` (or 1,024 steps).
 */
export function explainLogit(
  network: DenseNetwork,
  x: ArrayLike<number>,
  baseline: ArrayLike<number>,
  tolerance = 0.008,
): LogitExplanation {
  const line = lineBetween(network, Float64Array.from(x), Float64Array.from(baseline));
  let explanation = integrate(network, line, 16);
  for (let steps = 64; explanation.completenessError > tolerance && steps <= 1024; steps *= 4) {
    explanation = integrate(network, line, steps);
  }
  return explanation;
}

interface Line {
  readonly delta: Float64Array;
  /** the first layer's outputs at the baseline, and how they change along the line */
  readonly start: Float64Array;
  readonly slope: Float64Array;
  readonly logit: number;
  readonly baselineLogit: number;
}

function firstLayer(network: DenseNetwork): PlainLayer {
  const [first] = network.layers;
  if (first === undefined) throw new RangeError('the network has no layer');
  return first;
}

function lineBetween(network: DenseNetwork, x: Float64Array, baseline: Float64Array): Line {
  const first = firstLayer(network);
  const delta = x.map((value, i) => value - at(baseline, i));
  return {
    delta,
    start: affine(first, baseline, true),
    slope: affine(first, delta, false),
    logit: networkLogit(network, x),
    baselineLogit: networkLogit(network, baseline),
  };
}

function integrate(network: DenseNetwork, line: Line, steps: number): LogitExplanation {
  const { delta, start, slope, logit, baselineLogit } = line;
  const mean = new Float64Array(start.length);
  const z0 = new Float64Array(start.length);
  for (let step = 0; step < steps; step++) {
    const alpha = (step + 0.5) / steps;
    for (let j = 0; j < z0.length; j++) z0[j] = at(start, j) + alpha * at(slope, j);
    const gradient = gradientAtFirstLayer(network, z0);
    for (let j = 0; j < mean.length; j++) mean[j] = at(mean, j) + at(gradient, j) / steps;
  }
  const contributions = pullBack(firstLayer(network), mean, null);
  let sum = 0;
  for (let i = 0; i < contributions.length; i++) {
    contributions[i] = at(contributions, i) * at(delta, i);
    sum += at(contributions, i);
  }
  const difference = logit - baselineLogit;
  const completenessError = difference === 0 ? 0 : Math.abs(sum - difference) / Math.abs(difference);
  return { contributions, logit, baselineLogit, completenessError };
}
