/** The thread that checks a configuration: sources in, faults out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Environment } from '../config/load-settings.ts';
import type { ConfigSources } from '../config/read-sources.ts';
import { checkHere } from './check-candidate.ts';

const { sources, environment } = workerData as { readonly sources: ConfigSources; readonly environment: Environment };
parentPort?.postMessage(await checkHere(sources, environment));
