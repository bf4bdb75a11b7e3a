import { expect, it } from 'vitest';
import { startBackend } from '../../../src/models/tfjs-runtime.ts';

it('leaves no handler of the WebAssembly loader on the process, and keeps those of others', async () => {
  const mine = (): void => undefined;
  process.on('unhandledRejection', mine);
  const before = ['uncaughtException', 'unhandledRejection'].map((event) => process.listenerCount(event));
  expect(await startBackend('wasm')).toEqual({ name: 'wasm' });
  expect(['uncaughtException', 'unhandledRejection'].map((event) => process.listenerCount(event))).toEqual(before);
  expect(process.listeners('unhandledRejection')).toContain(mine);
  process.removeListener('unhandledRejection', mine);
});
