import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import { correctionsSuite } from '../../conformance/corrections-suite.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { bytesOf } from '../../helpers/a-transaction.ts';

const configuration = await shippedConfiguration();
const clock = { now: Date.now };
const stack = createScoringStack({
  configuration,
  store: memoryStoreFor(configuration),
  limitUsage: memoryLimitUsage(clock),
  model: null,
  clock,
});

correctionsSuite(() => ({
  configuration,
  async score(message) {
    const [result] = await stack.score([{ bytes: bytesOf(message), receivedAtMs: Date.now() }]);
    if (result?.kind !== 'decided') throw new Error(`refused: ${JSON.stringify(result)}`);
    return result.bytes;
  },
}));
