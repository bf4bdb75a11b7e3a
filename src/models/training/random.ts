/** Seeded randomness for training: the same seed gives the same model. */
export interface Random {
  /** [0, 1) with 32 bits */
  uniform(): number;
  /** standard normal (Box–Muller) */
  normal(): number;
  /** integer in [0, bound) */
  below(bound: number): number;
}

/** sfc32 (Doty-Humphrey), 128 bits of state, seeded from one 32-bit number and stirred. */
export function createRandom(seed: number): Random {
  let [a, b, c, counter] = [seed >>> 0, 0x9e3779b9, 0x243f6a88, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  const uniform = (): number => next() / 4294967296;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (bound) => Math.floor(uniform() * bound),
  };
}

/** Fisher–Yates, in place. */
export function shuffle(indices: Int32Array, random: Random): void {
  for (let i = indices.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const swapped = indices[i] ?? 0;
    indices[i] = indices[j] ?? 0;
    indices[j] = swapped;
  }
}
