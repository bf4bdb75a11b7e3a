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

export interface DenseNetwork {
  readonly layers: readonly DenseLayer[];
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
  return { layers };
}

const at = (values: ArrayLike<number>, index: number): number => values[index] ?? 0;

/** kernelᵀ·x + bias; zeros of x are skipped, which halves the work behind a ReLU. */
function affine(layer: DenseLayer, x: ArrayLike<number>, withBias: boolean): Float64Array {
  const out = withBias ? Float64Array.from(layer.bias) : new Float64Array(layer.units);
  for (let i = 0; i < layer.inputs; i++) {
    const value = at(x, i);
    if (value === 0) continue;
    const row = i * layer.units;
    for (let j = 0; j < layer.units; j++) out[j] = at(out, j) + value * at(layer.kernel, row + j);
  }
  return out;
}

/** kernel·g: from the gradient at a layer's outputs to the one at its inputs. */
function pullBack(layer: DenseLayer, g: ArrayLike<number>): Float64Array {
  const out = new Float64Array(layer.inputs);
  for (let i = 0; i < layer.inputs; i++) {
    const row = i * layer.units;
    let sum = 0;
    for (let j = 0; j < layer.units; j++) sum += at(layer.kernel, row + j) * at(g, j);
    out[i] = sum;
  }
  return out;
}

const relu = (z: Float64Array): Float64Array => z.map((value) => Math.max(value, 0));
const gate = (gradient: Float64Array, z: Float64Array): Float64Array =>
  gradient.map((value, index) => (at(z, index) > 0 ? value : 0));

/** The logit of one standardised input vector. */
export function networkLogit(network: DenseNetwork, x: ArrayLike<number>): number {
  let signal: ArrayLike<number> = x;
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
    gradient = gate(pullBack(layer, gradient), z);
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
  tolerance = 0.005,
): LogitExplanation {
  let explanation = integrate(network, x, baseline, 64);
  for (let steps = 256; explanation.completenessError > tolerance && steps <= 1024; steps *= 4) {
    explanation = integrate(network, x, baseline, steps);
  }
  return explanation;
}

function integrate(
  network: DenseNetwork,
  x: ArrayLike<number>,
  baseline: ArrayLike<number>,
  steps: number,
): LogitExplanation {
  const first = network.layers[0];
  if (first === undefined) throw new RangeError('the network has no layer');
  const delta = Float64Array.from({ length: first.inputs }, (_, i) => at(x, i) - at(baseline, i));
  const start = affine(first, baseline, true);
  const slope = affine(first, delta, false);
  const mean = new Float64Array(first.units);
  for (let step = 0; step < steps; step++) {
    const alpha = (step + 0.5) / steps;
    const z0 = start.map((value, j) => value + alpha * at(slope, j));
    const gradient = gradientAtFirstLayer(network, z0);
    for (let j = 0; j < mean.length; j++) mean[j] = at(mean, j) + at(gradient, j) / steps;
  }
  const contributions = pullBack(first, mean).map((value, i) => value * at(delta, i));
  const logit = networkLogit(network, x);
  const baselineLogit = networkLogit(network, baseline);
  const difference = logit - baselineLogit;
  const missing = Math.abs(contributions.reduce((sum, value) => sum + value, 0) - difference);
  return {
    contributions,
    logit,
    baselineLogit,
    completenessError: difference === 0 ? 0 : missing / Math.abs(difference),
  };
}
