/** Work in steps, run at once or in slices beside running traffic. */

/** Yields between its pieces: whoever runs it may let others run there. */
export type Steps<T> = Generator<void, T>;

export interface Slices {
  /** has this slice taken long enough? */
  readonly isDue: () => boolean;
  /** lets others run, and starts the next slice */
  readonly breathe: () => Promise<void>;
}

export function atOnce<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** The longest piece between two yields bounds the pause. */
export async function inSlices<T>(steps: Steps<T>, { isDue, breathe }: Slices): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    if (isDue()) await breathe();
    step = steps.next();
  }
  return step.value;
}
