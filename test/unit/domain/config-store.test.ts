import { describe, expect, it } from 'vitest';
import { type ConfigStep, replaySteps } from '../../../src/domain/config-store.ts';

let clock = 0;
const step = (kind: ConfigStep['kind'], hash: string, inMs = 0): ConfigStep => {
  clock += 10;
  return { kind, hash, by: 'Wang', atMs: clock, dueMs: clock + inMs };
};

describe('what is in force', () => {
  it('is nothing before the first step', () => {
    expect(replaySteps([], 0)).toEqual({ history: [] });
  });

  it('is what came last; a roll-back goes one back, and another one further', () => {
    const steps = [step('activate', 'A'), step('folder', 'B'), step('activate', 'C'), step('roll-back', 'B')];
    expect(replaySteps(steps, clock)).toMatchObject({ history: ['B', 'A'], rolledBack: 'C' });
    steps.push(step('roll-back', 'A'));
    expect(replaySteps(steps, clock)).toMatchObject({ history: ['A'], rolledBack: 'B' });
    steps.push(step('roll-back', 'A')); // there is nothing before it
    expect(replaySteps(steps, clock)).toMatchObject({ history: ['A'] });
    steps.push(step('activate', 'D'));
    expect(replaySteps(steps, clock)).toEqual({ history: ['D', 'A'], by: steps.at(-1) });
  });

  it('goes back once when two people roll back at once', () => {
    const steps = [step('activate', 'A'), step('activate', 'B'), step('activate', 'C')];
    const twice = [...steps, step('roll-back', 'B'), step('roll-back', 'B')];
    expect(replaySteps(twice, clock).history).toEqual(['B', 'A']);
  });

  it('waits for its time', () => {
    const steps = [step('activate', 'A'), step('activate', 'B', 1_000)];
    expect(replaySteps(steps, clock + 999)).toMatchObject({ history: ['A'], scheduled: { hash: 'B' } });
    expect(replaySteps(steps, clock + 1_000)).toEqual({ history: ['B', 'A'], by: steps[1] });
  });

  it('drops what was scheduled with a roll-back, and replaces it with a later schedule', () => {
    const steps = [step('activate', 'A'), step('activate', 'B'), step('activate', 'C', 1_000), step('roll-back', 'A')];
    expect(replaySteps(steps, clock + 5_000)).toMatchObject({ history: ['A'], dropped: [{ hash: 'C' }] });
    const other = [step('activate', 'A'), step('activate', 'B', 1_000), step('activate', 'C', 2_000)];
    expect(replaySteps(other, clock + 5_000).history).toEqual(['C', 'A']);
  });

  it('cancels what is scheduled and nothing else, and only what it names', () => {
    const steps = [step('activate', 'A'), step('activate', 'B'), step('activate', 'C', 1_000), step('cancel', 'C')];
    expect(replaySteps(steps, clock + 5_000)).toEqual({ history: ['B', 'A'], by: steps[1], dropped: [steps[2]] });
    // two people: one has scheduled another one meanwhile
    const other = [
      step('activate', 'A'),
      step('activate', 'B', 1_000),
      step('activate', 'C', 1_000),
      step('cancel', 'B'),
    ];
    expect(replaySteps(other, clock + 5_000)).toEqual({ history: ['C', 'A'], by: other[2], dropped: [other[1]] });
    // it came before it was cancelled
    const late = [step('activate', 'A'), step('activate', 'B', 5), step('cancel', 'B')];
    expect(replaySteps(late, clock)).toEqual({ history: ['B', 'A'], by: late[1] });
  });

  it('keeps a roll-back in mind while something is scheduled and cancelled', () => {
    const steps = [step('folder', 'A'), step('folder', 'B'), step('roll-back', 'A'), step('activate', 'C', 1_000)];
    steps.push(step('cancel', 'C'));
    expect(replaySteps(steps, clock + 5_000)).toMatchObject({ history: ['A'], rolledBack: 'B' });
  });

  it('counts what came due before the next step came', () => {
    const steps = [step('activate', 'A'), step('activate', 'B', 5), step('activate', 'C')];
    expect(replaySteps(steps, clock).history).toEqual(['C', 'B', 'A']);
  });
});
