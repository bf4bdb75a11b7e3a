/** The only reader of process.env. */
import type { Environment } from './load-settings.ts';

export const readEnvironment = (): Environment => ({ ...process.env });

/** --config wins over VIGIL_CONFIG. */
export const configDir = (option: string | undefined, environment: Environment): string | undefined =>
  option ?? (environment.VIGIL_CONFIG === '' ? undefined : environment.VIGIL_CONFIG);
