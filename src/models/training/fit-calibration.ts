/** Fits a calibration on held-out logits. Pure and deterministic. */
import { type Calibration, sigmoid } from '../calibration.ts';

/** Below this number of frauds an isotonic fit has too few steps to be trusted; Platt has two parameters only. */
const MIN_FRAUDS_FOR_ISOTONIC = 200;

export function fitCalibration(logits: readonly number[], labels: readonly number[]): Calibration {
  const frauds = labels.reduce((sum, label) => sum + label, 0);
  return frauds >= MIN_FRAUDS_FOR_ISOTONIC ? fitIsotonic(logits, labels) : fitPlatt(logits, labels);
}

/**
 * Platt scaling with his smoothed targets, solved by Newton's method with step halving (Lin, Lin, Weng 2007). The slope is
 * kept above 0: a negative one would turn the ranking round, which means that the model is useless and is for the metrics to say.
 */
export function fitPlatt(logits: readonly number[], labels: readonly number[]): Calibration {
  const frauds = labels.reduce((sum, label) => sum + label, 0);
  const high = (frauds + 1) / (frauds + 2);
  const low = 1 / (labels.length - frauds + 2);
  const targets = labels.map((label) => (label === 1 ? high : low));
  const loss = (slope: number, intercept: number): number =>
    logits.reduce((sum, logit, i) => {
      const z = slope * logit + intercept;
      return sum + Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - (targets[i] ?? 0) * z;
    }, 0);
  let [slope, intercept] = [1, 0];
  for (let round = 0; round < 100; round++) {
    const [stepSlope, stepIntercept] = newtonStep(logits, targets, slope, intercept);
    if (Math.abs(stepSlope) + Math.abs(stepIntercept) < 1e-10) break;
    const before = loss(slope, intercept);
    let scale = 1;
    while (scale > 1e-8 && !(loss(slope - scale * stepSlope, intercept - scale * stepIntercept) <= before)) scale /= 2;
    slope -= scale * stepSlope;
    intercept -= scale * stepIntercept;
  }
  return { method: 'platt', slope: Math.max(slope, 1e-6), intercept };
}

function newtonStep(
  logits: readonly number[],
  targets: readonly number[],
  slope: number,
  intercept: number,
): [number, number] {
  let [g1, g2, h11, h12, h22] = [0, 0, 1e-9, 0, 1e-9];
  for (const [i, logit] of logits.entries()) {
    const p = sigmoid(slope * logit + intercept);
    const error = p - (targets[i] ?? 0);
    const weight = p * (1 - p);
    g1 += error * logit;
    g2 += error;
    h11 += weight * logit * logit;
    h12 += weight * logit;
    h22 += weight;
  }
  const determinant = h11 * h22 - h12 * h12;
  if (!(determinant > 0)) return [0, 0];
  return [(h22 * g1 - h12 * g2) / determinant, (h11 * g2 - h12 * g1) / determinant];
}

interface Block {
  weight: number;
  logitSum: number;
  labelSum: number;
}

/** Pool adjacent violators (Ayer et al. 1955), then one knot per block at its mean logit: no plateau hides a ranking. */
export function fitIsotonic(logits: readonly number[], labels: readonly number[]): Calibration {
  const order = logits.map((_, i) => i).sort((a, b) => (logits[a] ?? 0) - (logits[b] ?? 0));
  const blocks: Block[] = [];
  for (const i of order) {
    blocks.push({ weight: 1, logitSum: logits[i] ?? 0, labelSum: labels[i] ?? 0 });
    poolBackwards(blocks);
  }
  // one virtual genuine and one virtual fraud at the ends keep the probabilities off 0 and 1
  const clamp = (p: number): number => Math.min(Math.max(p, 1 / (labels.length + 2)), 1 - 1 / (labels.length + 2));
  const knots: { logit: number; probability: number }[] = [];
  for (const block of blocks) {
    const knot = { logit: block.logitSum / block.weight, probability: clamp(block.labelSum / block.weight) };
    const before = knots[knots.length - 1];
    if (before === undefined || knot.logit > before.logit) knots.push(knot);
  }
  const [only] = knots;
  if (knots.length === 1 && only !== undefined) knots.push({ logit: only.logit + 1, probability: only.probability });
  return { method: 'isotonic', logits: knots.map((k) => k.logit), probabilities: knots.map((k) => k.probability) };
}

function poolBackwards(blocks: Block[]): void {
  for (;;) {
    const last = blocks[blocks.length - 1];
    const before = blocks[blocks.length - 2];
    if (last === undefined || before === undefined) return;
    const isSameLogit = last.logitSum / last.weight === before.logitSum / before.weight;
    if (!isSameLogit && before.labelSum / before.weight < last.labelSum / last.weight) return;
    before.weight += last.weight;
    before.logitSum += last.logitSum;
    before.labelSum += last.labelSum;
    blocks.pop();
  }
}
