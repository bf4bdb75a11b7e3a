import { afterAll, describe, expect, it } from 'vitest';
import { runBench } from '../../../src/cli/bench.ts';
import { openBenchStack } from '../../../src/cli/bench-command.ts';
import type { CommandIo } from '../../../src/cli/io.ts';
import { loadOrRefuse } from '../../../src/cli/load-or-refuse.ts';
import { memoryStoreFor } from '../../../src/composition/scoring-stack.ts';

const configuration = await loadOrRefuse(undefined);
const stack = await openBenchStack(configuration);
afterAll(() => stack.close());

/** A clock that moves by so much at each look. */
function ticking(step: number): () => number {
  let value = 0;
  return () => {
    value += step;
    return value;
  };
}

describe('vigil bench', () => {
  it('puts the same transactions through every stage and says rate, ratio, CPU time and the time of a chunk', async () => {
    const lines: string[] = [];
    const io: CommandIo = { out: (line) => void lines.push(line), note: () => undefined, isTerminal: false };
    const scored: number[] = [];
    const code = await runBench(
      {
        configuration,
        store: memoryStoreFor(configuration),
        score: (inputs, position) => {
          scored.push(inputs.length);
          return stack.score(inputs, position);
        },
        transactions: 256,
        seed: 7,
        now: () => Date.parse('2026-11-23T00:00:00Z'),
        // two chunks after one to warm up: one look before, two for each chunk, one after
        monotonicMs: ticking(2),
        cpuMicroseconds: ticking(6_400),
      },
      io,
    );
    expect(code).toBe(0);
    expect(scored).toEqual([128, 128, 128]);
    expect(lines[0]).toBe('256 transactions after 128 to warm up, chunks of 128, one process');
    expect(lines.slice(3).map((line) => line.split(/ {2,}/))).toEqual([
      ['JSON.parse alone', '25,600', '1.000', '25.0', '2.0', '2.0'],
      ['parsed and checked', '25,600', '1.000', '25.0', '2.0', '2.0'],
      ['… with features', '25,600', '1.000', '25.0', '2.0', '2.0'],
      ['… decided', '25,600', '1.000', '25.0', '2.0', '2.0'],
    ]);
  });
});
