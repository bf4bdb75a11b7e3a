import { expect, it } from 'vitest';
import { standsBehind } from '../../../src/features/store-progress.ts';

const facts = { epochMs: 2_000, mark: 50, isRebuilt: false, lostMs: undefined, gaps: 0 };
const empty = { ...facts, epochMs: undefined, mark: 0 };

it.each([
  { what: 'a first start: nothing was ever counted', facts: empty, remembered: undefined, behind: false },
  { what: 'nothing there, and decisions are kept', facts: empty, remembered: 'something' as const, behind: true },
  {
    what: 'nothing there, and progress is remembered',
    facts: empty,
    remembered: { epochMs: 2_000, mark: 1 },
    behind: true,
  },
  { what: 'a store that began before anybody remembered', facts, remembered: 'something' as const, behind: false },
  { what: 'as far as remembered', facts, remembered: { epochMs: 2_000, mark: 50 }, behind: false },
  { what: 'one chunk less', facts, remembered: { epochMs: 2_000, mark: 51 }, behind: true },
  { what: 'data that began anew', facts, remembered: { epochMs: 1_000, mark: 9 }, behind: true },
  {
    what: 'data that were rebuilt',
    facts: { ...facts, isRebuilt: true },
    remembered: { epochMs: 1_000, mark: 99 },
    behind: false,
  },
  {
    what: 'a backup from before the rebuild',
    facts: { ...facts, isRebuilt: true },
    remembered: { epochMs: 3_000, mark: 1 },
    behind: true,
  },
])('$what: behind is $behind', ({ facts: found, remembered, behind }) => {
  expect(standsBehind(found, remembered)).toBe(behind);
});
