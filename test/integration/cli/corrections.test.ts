/** Money that comes back, on the real stack: the limits' counters are in Redis. */
import { afterAll, beforeAll } from 'vitest';
import type { RealStack } from '../../../src/composition/real-stack.ts';
import { correctionsSuite } from '../../conformance/corrections-suite.ts';
import { bytesOf } from '../../helpers/a-transaction.ts';
import { type OwnStack, ownStack } from '../../helpers/own-stack.ts';

let own: OwnStack;
let stack: RealStack;

beforeAll(async () => {
  own = await ownStack();
  stack = await own.start();
});
afterAll(() => stack.close());

correctionsSuite(() => ({
  configuration: own.configuration,
  async score(message) {
    const answer = await stack.service.scoreNow(bytesOf(message), Date.now());
    if (answer.status !== 'decided') throw new Error(`refused: ${answer.rejection.message}`);
    return answer.decision;
  },
}));
