/**
 * From the network's logit to a probability that means what it says: of the transactions with score 0.9, nine in ten are
 * fraud. The map never falls, so that ranking by score and by logit agree.
 */
export type Calibration =
  /** Platt 1999: σ(slope · logit + intercept), slope > 0 */
  | { readonly method: 'platt'; readonly slope: number; readonly intercept: number }
  /** straight lines between (logit, probability) knots, level outside; both lists rise */
  | { readonly method: 'isotonic'; readonly logits: readonly number[]; readonly probabilities: readonly number[] };

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** A NaN stays NaN: the caller must refuse it. */
export function calibrate(calibration: Calibration, logit: number): number {
  if (calibration.method === 'platt') return sigmoid(calibration.slope * logit + calibration.intercept);
  const { logits, probabilities } = calibration;
  const last = logits.length - 1;
  if (Number.isNaN(logit)) return Number.NaN;
  if (logit <= (logits[0] ?? 0)) return probabilities[0] ?? Number.NaN;
  if (logit >= (logits[last] ?? 0)) return probabilities[last] ?? Number.NaN;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((logits[middle] ?? 0) <= logit) low = middle;
    else high = middle;
  }
  const x0 = logits[low] ?? 0;
  const x1 = logits[high] ?? 0;
  const y0 = probabilities[low] ?? 0;
  const y1 = probabilities[high] ?? 0;
  return y0 + ((logit - x0) / (x1 - x0)) * (y1 - y0);
}

/** What is wrong with a calibration, or null. */
export function calibrationFault(calibration: Calibration): string | null {
  if (calibration.method === 'platt') {
    const isUsable =
      Number.isFinite(calibration.slope) && calibration.slope > 0 && Number.isFinite(calibration.intercept);
    return isUsable ? null : 'the slope must be a finite number above 0 and the intercept finite';
  }
  const { logits, probabilities } = calibration;
  if (logits.length < 2 || logits.length !== probabilities.length)
    return 'at least two knots, one probability for each';
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i] ?? Number.NaN;
    const probability = probabilities[i] ?? Number.NaN;
    if (!Number.isFinite(logit) || !(probability >= 0 && probability <= 1)) return `knot ${i} is out of range`;
    if (i > 0 && !(logit > (logits[i - 1] ?? 0) && probability >= (probabilities[i - 1] ?? 0))) {
      return `knot ${i} does not rise`;
    }
  }
  return null;
}
