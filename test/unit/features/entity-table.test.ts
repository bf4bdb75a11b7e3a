import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEntityTable, NO_ENTITY } from '../../../src/features/entity-table.ts';
import { createPackedIds } from '../../../src/features/packed-ids.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';

const ITEMS = 8;

function tableOf(maxEntities: number, newestMs: (entity: number) => number = () => 0) {
  const ids = createPackedIds(['customer', 'device'], ITEMS);
  const forgotten: number[] = [];
  const table = createEntityTable({
    ids,
    kinds: [0, 1],
    cells: 3,
    maxEntities,
    idleMs: 1_000,
    newestMs,
    onForget: (entity) => void forgotten.push(entity),
  });
  const name = (customerId: string, device: string, item = 0): void => {
    const { transaction } = aTransaction();
    ids.take(item, { ...transaction, customerId, device: { id: device } });
  };
  return { ids, table, name, forgotten };
}

/** Where one id ends and the next begins, what does not fit into a row, and what is no Latin letter. */
const AWKWARD = [
  '',
  'a',
  'ab',
  'abc',
  'abcd',
  'abcd\u0000',
  '\u0101',
  '\u0001',
  'é',
  '客户',
  'x'.repeat(40),
  'x'.repeat(41),
];
const anId = fc.oneof(fc.constantFrom(...AWKWARD), fc.string({ maxLength: 60 }), fc.constantFrom('1', '2', '3'));

describe('the in-process table of entities', () => {
  it('finds each pair of ids under its own number and never under another one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anId, anId), { maxLength: 400 }), (pairs) => {
        const { table, name } = tableOf(1_000);
        const known = new Map<string, number>();
        for (const [customer, device] of pairs) {
          const key = JSON.stringify([customer, device]);
          name(customer, device);
          expect(table.find(0)).toBe(known.get(key) ?? NO_ENTITY);
          if (known.has(key)) continue;
          const entity = table.add(0, 0);
          expect([0, 1, 2].map((column) => table.cell(entity, column))).toEqual([0, 0, 0]);
          table.setCell(entity, 2, known.size);
          known.set(key, entity);
        }
        [...known.values()].forEach((entity, index) => {
          expect(table.cell(entity, 2)).toBe(index);
        });
      }),
    );
  });

  it('keeps finding what is left when others were forgotten', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 600 }), (numbers) => {
        const { table, name, forgotten } = tableOf(20);
        const known = new Map<string, number>();
        for (const number of numbers) {
          // every third id is kept as a text
          const customer = number % 3 === 0 ? `客${number}` : `C${number}`;
          name(customer, 'D');
          const found = table.find(0);
          expect(found).toBe(known.get(customer) ?? NO_ENTITY);
          if (found !== NO_ENTITY) continue;
          const entity = table.add(0, 0);
          for (const [other, at] of known) if (forgotten.includes(at)) known.delete(other);
          forgotten.length = 0;
          known.set(customer, entity);
          expect(known.size).toBeLessThanOrEqual(20);
        }
      }),
    );
  });

  it('finds the same when it was asked to look ahead, whatever came and went since', () => {
    const anyChunk = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: ITEMS });
    fc.assert(
      fc.property(fc.array(anyChunk, { maxLength: 100 }), (chunks) => {
        const { table, name, forgotten } = tableOf(5);
        const known = new Map<string, number>();
        for (const numbers of chunks) {
          const customers = numbers.map((number) => (number % 4 === 0 ? `客${number}` : `C${number}`));
          customers.forEach((customer, item) => {
            name(customer, 'D', item);
          });
          table.touchIndex(customers.length);
          table.touchRows(customers.length);
          customers.forEach((customer, item) => {
            const found = table.find(item);
            expect(found).toBe(known.get(customer) ?? NO_ENTITY);
            if (found !== NO_ENTITY) return;
            const entity = table.add(item, 0);
            for (const [other, at] of known) if (forgotten.includes(at)) known.delete(other);
            forgotten.length = 0;
            known.set(customer, entity);
          });
        }
      }),
    );
  });

  it('forgets the idle on its own and says how new they were', () => {
    const { table, name, forgotten } = tableOf(1_000, (entity) => entity * 10);
    for (let number = 0; number < 8; number++) {
      name(`C${number}`, 'D');
      table.add(0, 0);
    }
    expect([forgotten, table.forgottenMs]).toEqual([[], Number.NEGATIVE_INFINITY]);
    // idle for 1,000 ms at 1,035: numbers 0 to 3
    for (let number = 8; number < 20; number++) {
      name(`C${number}`, 'D');
      table.add(0, 1_035);
    }
    expect([...new Set(forgotten)].sort()).toEqual([0, 1, 2, 3]);
    expect(table.forgottenMs).toBe(30);
  });
});
