/**
 * What every alert store must do, whatever it keeps its rows in. `open` gives an empty store; the suite moves the clock.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditedAlertStore } from '../../src/alerts/memory-alert-store.ts';
import type { Alert, AlertAction } from '../../src/domain/alert.ts';
import type { Clock } from '../../src/domain/clock.ts';
import type { AlertQuery } from '../../src/domain/ports.ts';
import { aBatch, aDecision, aHit, aProvisionalDecision } from '../unit/alerts/a-decision.ts';

export interface OpenAlertStore {
  readonly store: AuditedAlertStore;
  remove(): Promise<void>;
}

const START_MS = Date.parse('2026-11-20T03:00:00.000Z');
const CLAIM: AlertAction = { kind: 'claim' };
const CLOSE: AlertAction = { kind: 'close', disposition: 'confirmed_fraud', note: 'called the customer' };

export function alertStoreSuite(name: string, open: (clock: Clock) => Promise<OpenAlertStore>): void {
  describe(`${name} as an alert store`, () => {
    let nowMs = START_MS;
    let opened: OpenAlertStore;
    let store: AuditedAlertStore;
    beforeEach(async () => {
      nowMs = START_MS;
      opened = await open({ now: () => nowMs });
      store = opened.store;
    });
    afterEach(async () => {
      await store.close();
      await opened.remove();
    });

    const allAlerts = async (query: Partial<AlertQuery> = {}): Promise<Alert[]> => {
      const items: Alert[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await store.alerts({ limit: 7, ...query, ...(cursor === undefined ? {} : { cursor }) });
        items.push(...page.items);
        if (page.nextCursor === null) return items;
        cursor = page.nextCursor;
      }
    };

    describe('recording', () => {
      it('keeps each decision exactly as it was published, and one alert for each that asks for it', async () => {
        const alerting = aDecision({ transactionId: 'T-1' });
        const quiet = aDecision({ transactionId: 'T-2', alert: false, outcome: 'ALLOW' });
        const batch = aBatch([alerting, quiet]);
        expect(await store.record(batch)).toEqual({ newAlerts: 1, newDecisions: 2 });
        expect(await store.decision('MOBILE_BANKING', 'T-1')).toEqual({
          decision: alerting,
          bytes: batch.decisions[0]?.bytes,
        });
        expect(await store.decision('MOBILE_BANKING', 'T-2')).toEqual({
          decision: quiet,
          bytes: batch.decisions[1]?.bytes,
        });
        expect(await store.decision('ATM', 'T-1')).toBeUndefined();
        expect((await allAlerts()).map((alert) => alert.transactionId)).toEqual(['T-1']);
      });

      it('keeps the order of fields and the blanks of the published bytes', async () => {
        const decision = aDecision();
        const bytes = `${JSON.stringify({ added: true, ...decision }, null, 1)}\n`;
        await store.record({ ...aBatch([]), nextOffset: 1n, decisions: [{ offset: 0n, decision, bytes }] });
        expect((await store.decision('MOBILE_BANKING', 'T-1'))?.bytes).toBe(bytes);
      });

      it('changes nothing when the acknowledgement was lost and the same batch comes again', async () => {
        const batch = aBatch([aDecision({ transactionId: 'T-1' }), aDecision({ transactionId: 'T-2' })]);
        await store.record(batch);
        expect(await store.record(batch)).toEqual({ newAlerts: 0, newDecisions: 0 });
        expect(await allAlerts()).toHaveLength(2);
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(2n);
      });

      it('keeps the first decision when the same transaction arrives twice with other content', async () => {
        const first = aDecision({ outcome: 'HOLD' });
        const second = aDecision({ outcome: 'ALLOW', decisionId: 'another', alert: true });
        await store.record(aBatch([first]));
        expect(await store.record(aBatch([second], { firstOffset: 1n }))).toEqual({ newAlerts: 0, newDecisions: 0 });
        expect((await store.decision('MOBILE_BANKING', 'T-1'))?.decision.outcome).toBe('HOLD');
        expect((await allAlerts()).map((alert) => alert.outcome)).toEqual(['HOLD']);
      });

      it('keeps the first also inside one batch', async () => {
        const batch = aBatch([aDecision({ outcome: 'HOLD' }), aDecision({ outcome: 'BLOCK' })]);
        expect(await store.record(batch)).toEqual({ newAlerts: 1, newDecisions: 1 });
        expect((await store.decision('MOBILE_BANKING', 'T-1'))?.decision.outcome).toBe('HOLD');
      });

      it('keeps the same transaction id on two channels apart', async () => {
        await store.record(aBatch([aDecision({ channel: 'ATM' }), aDecision({ channel: 'POS' })]));
        expect(await allAlerts()).toHaveLength(2);
        expect((await store.decision('POS', 'T-1'))?.decision.channel).toBe('POS');
      });

      it('records a transaction once when it comes through two partitions at the same time', async () => {
        const decisions = Array.from({ length: 40 }, (_, n) => aDecision({ transactionId: `T-${n}` }));
        const results = await Promise.all([
          store.record(aBatch(decisions, { partition: 0 })),
          store.record(aBatch([...decisions].reverse(), { partition: 1 })),
        ]);
        expect(results.reduce((sum, { newAlerts }) => sum + newAlerts, 0)).toBe(40);
        expect(await allAlerts()).toHaveLength(40);
      });

      it('moves the offset over a batch without a decision', async () => {
        expect(await store.nextOffset('vigil.decisions', 3)).toBeUndefined();
        await store.record({ ...aBatch([], { partition: 3, firstOffset: 7n }), nextOffset: 12n });
        expect(await store.nextOffset('vigil.decisions', 3)).toBe(12n);
      });

      it('keeps offsets beyond 2^53 exactly', async () => {
        const firstOffset = 9_007_199_254_740_993n;
        await store.record(aBatch([aDecision()], { firstOffset }));
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(9_007_199_254_740_994n);
      });

      it('writes a batch of 2,500 decisions whole', async () => {
        const decisions = Array.from({ length: 2_500 }, (_, n) =>
          aDecision({ transactionId: `T-${n}`, alert: n % 100 === 0 }),
        );
        expect(await store.record(aBatch(decisions))).toEqual({ newAlerts: 25, newDecisions: 2_500 });
        expect((await store.decision('MOBILE_BANKING', 'T-2499'))?.decision).toEqual(decisions[2_499]);
      });

      it('refuses a decision whose time is none, and writes nothing of its batch', async () => {
        const batch = aBatch([aDecision(), aDecision({ transactionId: 'T-2', decidedAt: 'soon' })]);
        await expect(store.record(batch)).rejects.toMatchObject({ code: 'BUG' });
        expect(await store.decision('MOBILE_BANKING', 'T-1')).toBeUndefined();
        expect(await store.nextOffset('vigil.decisions', 0)).toBeUndefined();
      });
    });

    describe('fencing', () => {
      it('writes only what lies beyond the stored offset when a batch overlaps it', async () => {
        const [a, b, c] = ['T-1', 'T-2', 'T-3'].map((transactionId) => aDecision({ transactionId }));
        if (a === undefined || b === undefined || c === undefined) throw new Error('three decisions');
        await store.record(aBatch([a, b]));
        expect(await store.record(aBatch([a, b, c]))).toEqual({ newAlerts: 1, newDecisions: 1 });
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(3n);
      });

      it('refuses a consumer that no longer owns the partition, and writes nothing of it', async () => {
        await store.record(aBatch([aDecision({ transactionId: 'T-9' })], { firstOffset: 9n }));
        const zombie = aBatch([aDecision({ transactionId: 'T-5' })], { firstOffset: 5n });
        await expect(store.record(zombie)).rejects.toMatchObject({ code: 'ALERT_STORE_FENCED', retriable: true });
        expect(await store.decision('MOBILE_BANKING', 'T-5')).toBeUndefined();
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(10n);
      });

      it('accepts a gap: offsets of a compacted topic are not dense', async () => {
        await store.record(aBatch([aDecision({ transactionId: 'T-1' })]));
        await store.record(aBatch([aDecision({ transactionId: 'T-2' })], { firstOffset: 50n }));
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(51n);
      });

      it('goes back when the topic was made anew, never forward, and doubles nothing', async () => {
        const [a, b] = [aDecision({ transactionId: 'T-1' }), aDecision({ transactionId: 'T-2' })];
        await store.record(aBatch([a], { firstOffset: 40n }));
        await store.setOffsetBack('vigil.decisions', 0, 50n);
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(41n);
        await store.setOffsetBack('vigil.decisions', 0, 0n);
        await store.setOffsetBack('vigil.decisions', 7, 0n);
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(0n);
        expect(await store.nextOffset('vigil.decisions', 7)).toBeUndefined();
        expect(await store.record(aBatch([a, b]))).toEqual({ newAlerts: 1, newDecisions: 1 });
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(2n);
      });

      it('keeps partitions and topics apart', async () => {
        await store.record(aBatch([aDecision()], { partition: 0, firstOffset: 40n }));
        await store.record(aBatch([aDecision({ transactionId: 'T-2' })], { partition: 1 }));
        await store.record(aBatch([aDecision({ transactionId: 'T-3' })], { topic: 'other' }));
        expect(await store.nextOffset('vigil.decisions', 0)).toBe(41n);
        expect(await store.nextOffset('vigil.decisions', 1)).toBe(1n);
        expect(await store.nextOffset('other', 0)).toBe(1n);
      });

      it('lets only one of two consumers write the same place', async () => {
        const results = await Promise.allSettled(
          [1, 2, 3, 4].map((n) => store.record(aBatch([aDecision({ transactionId: 'T-1', riskScore: n })]))),
        );
        expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled']);
        expect(await allAlerts()).toHaveLength(1);
      });
    });

    describe('provisional decisions', () => {
      it('stand until the mended message is decided, whose decision then stands', async () => {
        const fallback = aProvisionalDecision();
        const real = aDecision({ decidedAt: '2026-11-20T02:16:00.000Z' });
        await store.record(aBatch([fallback]));
        expect((await store.decision('MOBILE_BANKING', 'T-1'))?.decision).toEqual(fallback);
        expect(await store.record(aBatch([real], { firstOffset: 1n }))).toEqual({ newAlerts: 1, newDecisions: 1 });
        expect((await store.decision('MOBILE_BANKING', 'T-1'))?.decision).toEqual(real);
      });

      it('never displace a real decision', async () => {
        const real = aDecision();
        await store.record(aBatch([real, aProvisionalDecision({ decidedAt: '2026-11-20T09:00:00.000Z' })]));
        expect((await store.decision('MOBILE_BANKING', 'T-1'))?.decision).toEqual(real);
      });

      it('are kept one by one, and the newest answer stands', async () => {
        const first = aProvisionalDecision({ decisionId: 'P-1', decidedAt: '2026-11-20T02:15:01.000Z' });
        const second = aProvisionalDecision({ decisionId: 'P-2', decidedAt: '2026-11-20T02:15:02.000Z' });
        expect((await store.record(aBatch([first, second, first]))).newDecisions).toBe(2);
        expect((await store.decision('MOBILE_BANKING', 'T-1'))?.decision.decisionId).toBe('P-2');
      });

      it('are left out of the customer’s history once the real decision is there', async () => {
        await store.record(aBatch([aProvisionalDecision({ customerId: 'C1001' })]));
        expect(await store.customerDecisions('C1001', 10)).toHaveLength(1);
        await store.record(aBatch([aDecision()], { firstOffset: 1n }));
        const history = await store.customerDecisions('C1001', 10);
        expect(history.map(({ decision }) => decision.provisional)).toEqual([undefined]);
      });

      it('raise an alert of their own when they ask for it, marked and with the time of receipt', async () => {
        await store.record(aBatch([aProvisionalDecision({ alert: true })]));
        expect(await store.alert('P-T-1')).toMatchObject({
          provisional: true,
          type: 'UNKNOWN',
          amountMinor: null,
          occurredAt: '2026-11-20T02:15:00.200Z',
        });
      });
    });

    describe('an alert', () => {
      it('carries what its decision says', async () => {
        const decision = aDecision({ occurredAt: '2026-11-20T10:15:00.123+08:00' });
        await store.record(aBatch([decision]));
        expect(await store.alert('D-MOBILE_BANKING-T-1')).toEqual({
          alertId: 'D-MOBILE_BANKING-T-1',
          decisionId: 'D-MOBILE_BANKING-T-1',
          transactionId: 'T-1',
          channel: 'MOBILE_BANKING',
          customerId: 'C1001',
          outcome: 'CHALLENGE',
          riskScore: 640,
          severity: 'medium',
          amountMinor: 1_250_000,
          currency: 'CNY',
          type: 'TRANSFER',
          reasons: decision.reasons,
          level: 'L0',
          occurredAt: '2026-11-20T02:15:00.123Z',
          decidedAt: '2026-11-20T02:15:00.210Z',
          createdAt: '2026-11-20T03:00:00.000Z',
          status: 'open',
          assignee: null,
          disposition: null,
          note: null,
          version: 1,
        });
        expect(await store.alert('nobody')).toBeUndefined();
      });

      it.each([
        ['the highest of its live hits', [aHit({ severity: 'low' }), aHit({ severity: 'critical' })], 'critical'],
        ['an errored hit too', [aHit({ status: 'errored', severity: 'high' })], 'high'],
        ['not of a shadow hit', [aHit({ severity: 'low' }), aHit({ severity: 'critical', mode: 'shadow' })], 'low'],
        ['from the outcome without a live hit', [], 'medium'],
      ] as const)('has the severity of %s', async (_, hits, severity) => {
        await store.record(aBatch([aDecision({ hits })]));
        expect((await store.alert('D-MOBILE_BANKING-T-1'))?.severity).toBe(severity);
      });

      it.each([
        [9_007_199_254_740_991, 9_007_199_254_740_991],
        ['9007199254740991', 9_007_199_254_740_991],
        [0, 0],
        [undefined, null],
        ['9007199254740993', null],
        [-1, null],
        [1.5, null],
        ['1e3', null],
      ])('reads the amount %j as %j', async (amountMinor, expected) => {
        const decision = aDecision();
        const transaction = { ...decision.evidence?.transaction, amountMinor };
        const evidence = decision.evidence === null ? null : { ...decision.evidence, transaction };
        await store.record(aBatch([{ ...decision, evidence }]));
        const alert = await store.alert(decision.decisionId);
        expect([alert?.amountMinor, alert?.currency]).toEqual([expected, expected === null ? null : 'CNY']);
      });
    });

    describe('texts that databases trip over', () => {
      it.each([
        ['NUL', 'a\0b'],
        ['half a surrogate pair', 'a\ud800b'],
        ['the other half', '\udc00'],
        ['the store’s own escape', 'a\u001a0000b'],
        ['quotes, braces and backslashes', `"',{}\\N\\\\ NULL`],
        ['an emoji and a new line', '😀\r\n'],
        ['20,000 characters', 'x'.repeat(20_000)],
        ['nothing', ''],
        ['SQL', "'; DROP TABLE alerts; --"],
      ])('go through whole: %s', async (_, text) => {
        const decision = aDecision({
          transactionId: text,
          customerId: text,
          channel: `CH${text}`,
          decisionId: `D${text}`,
          reasons: [{ code: text, text: { en: text, 'zh-CN': text } }],
        });
        const neighbour = aDecision({ transactionId: `${text}neighbour` });
        expect(await store.record(aBatch([decision, neighbour]))).toEqual({ newAlerts: 2, newDecisions: 2 });
        const read = await store.decision(`CH${text}`, text);
        expect(read?.decision.customerId).toBe(text);
        expect((await store.customerDecisions(text, 5)).map((r) => r.decision.decisionId)).toEqual([`D${text}`]);
        const page = await store.alerts({ limit: 5, customerId: text, channel: `CH${text}` });
        expect(page.items.map((alert) => [alert.alertId, alert.transactionId, alert.reasons])).toEqual([
          [`D${text}`, text, decision.reasons],
        ]);
        await store.act(`D${text}`, 1, { kind: 'close', disposition: 'genuine', note: text }, `who${text}`);
        expect(await store.alert(`D${text}`)).toMatchObject({ note: text, assignee: `who${text}` });
        expect(await store.history(`D${text}`)).toMatchObject([{ note: text, actor: `who${text}` }]);
        expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 1 });
      });

      it('tells ids apart that differ in what is escaped', async () => {
        await store.record(
          aBatch([aDecision({ transactionId: 'a\0b' }), aDecision({ transactionId: 'a\u001a0000b' })]),
        );
        expect((await store.decision('MOBILE_BANKING', 'a\0b'))?.decision.transactionId).toBe('a\0b');
        expect(await allAlerts()).toHaveLength(2);
      });

      it('keeps numbers beyond 2^53 in the decision as they were written', async () => {
        const decision = aDecision();
        const bytes = JSON.stringify(decision).replace(
          '"riskScore":640',
          '"riskScore":640,"sum":123456789012345678901',
        );
        await store.record({ ...aBatch([]), nextOffset: 1n, decisions: [{ offset: 0n, decision, bytes }] });
        expect((await store.decision('MOBILE_BANKING', 'T-1'))?.bytes).toContain('"sum":123456789012345678901');
      });
    });

    describe('pages of alerts', () => {
      const recordAt = async (ms: number, ids: readonly string[], customerId = 'C1001'): Promise<void> => {
        nowMs = ms;
        const next = (await store.nextOffset('vigil.decisions', 0)) ?? 0n;
        const decisions = ids.map((transactionId) => aDecision({ transactionId, customerId }));
        await store.record(aBatch(decisions, { firstOffset: next }));
      };

      it('follow each other without a gap or a double, newest first, also among alerts of one instant', async () => {
        for (let n = 0; n < 6; n += 1) {
          await recordAt(
            START_MS + n,
            Array.from({ length: 5 }, (_, i) => `T-${n}-${i}`),
          );
        }
        const alerts = await allAlerts();
        expect(new Set(alerts.map((alert) => alert.alertId)).size).toBe(30);
        const times = alerts.map((alert) => alert.createdAt);
        expect(times).toEqual([...times].sort().reverse());
      });

      it('end without a cursor exactly when nothing follows', async () => {
        await recordAt(START_MS, ['T-1', 'T-2']);
        expect((await store.alerts({ limit: 2 })).nextCursor).toBeNull();
        expect((await store.alerts({ limit: 1 })).nextCursor).not.toBeNull();
        expect(await store.alerts({ limit: 5, status: 'closed' })).toEqual({ items: [], nextCursor: null });
      });

      it('do not shift when new alerts come and others are closed in between', async () => {
        await recordAt(START_MS, ['T-1', 'T-2', 'T-3', 'T-4']);
        const first = await store.alerts({ limit: 2 });
        await recordAt(START_MS + 1, ['T-5']);
        await store.act(first.items[0]?.alertId ?? '', 1, CLAIM, 'li');
        const second = await store.alerts({ limit: 9, ...(first.nextCursor ? { cursor: first.nextCursor } : {}) });
        const seen = [...first.items, ...second.items].map((alert) => alert.transactionId);
        expect([...seen].sort()).toEqual(['T-1', 'T-2', 'T-3', 'T-4']);
      });

      it('are filtered by status, customer and channel, alone and together', async () => {
        await recordAt(START_MS, ['T-1', 'T-2', 'T-3'], 'C1');
        await recordAt(START_MS + 1, ['T-4'], 'C2');
        nowMs += 1;
        await store.record(
          aBatch([aDecision({ transactionId: 'T-5', customerId: 'C2', channel: 'ATM' })], { partition: 1 }),
        );
        await store.act('D-ATM-T-5', 1, CLAIM, 'li');
        const found = async (query: Partial<AlertQuery>) => (await allAlerts(query)).map((a) => a.transactionId).sort();
        expect(await found({ customerId: 'C1' })).toEqual(['T-1', 'T-2', 'T-3']);
        expect(await found({ channel: 'ATM' })).toEqual(['T-5']);
        expect(await found({ status: 'claimed' })).toEqual(['T-5']);
        expect(await found({ status: 'open', customerId: 'C2' })).toEqual(['T-4']);
        expect(await found({ status: 'open', customerId: 'C2', channel: 'ATM' })).toEqual([]);
      });

      it.each([
        ['', 'x', 'MQ', '1.2.3'],
        [Buffer.from('1.5.zz').toString('base64url')],
        [Buffer.from(`1.99999999999999999.${'a'.repeat(64)}`).toString('base64url')],
        [Buffer.from(`2.5.${'a'.repeat(64)}`).toString('base64url')],
        [`${Buffer.from(`1.5.${'a'.repeat(64)}`).toString('base64url')}!`],
        ["' OR 1=1 --"],
      ])('refuse a cursor that was not given out: %s', async (...cursors) => {
        for (const cursor of cursors) {
          await expect(store.alerts({ limit: 5, cursor })).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
        }
      });
    });

    describe('actions', () => {
      const ID = 'D-MOBILE_BANKING-T-1';
      beforeEach(async () => {
        await store.record(aBatch([aDecision()]));
      });

      it('lead through the life of an alert and leave each step in its history', async () => {
        nowMs = START_MS + 1_000;
        expect(await store.act(ID, 1, CLAIM, 'li')).toMatchObject({ status: 'claimed', assignee: 'li', version: 2 });
        expect(await store.act(ID, 2, { kind: 'release' }, 'li')).toMatchObject({ status: 'open', assignee: null });
        expect(await store.act(ID, 3, CLAIM, 'wang')).toMatchObject({ assignee: 'wang', version: 4 });
        nowMs = START_MS + 2_000;
        expect(await store.act(ID, 4, CLOSE, 'wang')).toMatchObject({
          status: 'closed',
          assignee: 'wang',
          disposition: 'confirmed_fraud',
          note: 'called the customer',
        });
        const reopened = await store.act(ID, 5, { kind: 'reopen', note: 'new evidence' }, 'chen');
        expect(reopened).toMatchObject({ status: 'open', assignee: null, disposition: null, note: 'new evidence' });
        expect(await store.alert(ID)).toEqual(reopened);
        expect((await store.history(ID)).map((e) => [e.kind, e.actor, e.fromStatus, e.toStatus, e.version])).toEqual([
          ['claim', 'li', 'open', 'claimed', 2],
          ['release', 'li', 'claimed', 'open', 3],
          ['claim', 'wang', 'open', 'claimed', 4],
          ['close', 'wang', 'claimed', 'closed', 5],
          ['reopen', 'chen', 'closed', 'open', 6],
        ]);
        expect((await store.history(ID))[3]).toEqual({
          kind: 'close',
          actor: 'wang',
          at: '2026-11-20T03:00:02.000Z',
          fromStatus: 'claimed',
          toStatus: 'closed',
          version: 5,
          disposition: 'confirmed_fraud',
          note: 'called the customer',
        });
        expect(await store.history('nobody')).toEqual([]);
      });

      it('are refused on a version that somebody else has changed, and change nothing', async () => {
        await store.act(ID, 1, CLAIM, 'li');
        await expect(store.act(ID, 1, CLOSE, 'wang')).rejects.toMatchObject({ code: 'ALERT_CONFLICT' });
        expect(await store.alert(ID)).toMatchObject({ status: 'claimed', assignee: 'li', version: 2 });
        expect(await store.history(ID)).toHaveLength(1);
      });

      it('are refused where the state does not allow them', async () => {
        await expect(store.act(ID, 1, { kind: 'release' }, 'li')).rejects.toMatchObject({ code: 'ALERT_CONFLICT' });
        await expect(store.act(ID, 1, { kind: 'reopen' }, 'li')).rejects.toMatchObject({ code: 'ALERT_CONFLICT' });
        await store.act(ID, 1, CLOSE, 'li');
        await expect(store.act(ID, 2, CLOSE, 'li')).rejects.toMatchObject({ code: 'ALERT_CONFLICT' });
      });

      it('say when there is no such alert', async () => {
        await expect(store.act('nobody', 1, CLAIM, 'li')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      });

      it('let exactly one of ten people claim at the same time', async () => {
        const people = Array.from({ length: 10 }, (_, n) => `analyst-${n}`);
        const results = await Promise.allSettled(people.map((person) => store.act(ID, 1, CLAIM, person)));
        const winners = people.filter((_, n) => results[n]?.status === 'fulfilled');
        expect(winners).toHaveLength(1);
        expect(await store.alert(ID)).toMatchObject({ assignee: winners[0], version: 2 });
      });

      it('are not undone when the decision is delivered again', async () => {
        await store.act(ID, 1, CLOSE, 'li');
        await store.record(aBatch([aDecision()], { partition: 7 }));
        expect(await store.alert(ID)).toMatchObject({ status: 'closed', version: 2 });
      });

      it('on many alerts at the same time make one unbroken audit trail', async () => {
        const ids = Array.from({ length: 12 }, (_, n) => `X-${n}`);
        await store.record(
          aBatch(
            ids.map((transactionId) => aDecision({ transactionId })),
            { partition: 2 },
          ),
        );
        await Promise.all(ids.map((id) => store.act(`D-MOBILE_BANKING-${id}`, 1, CLAIM, 'li')));
        expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 12 });
      });
    });

    it('counts alerts by state', async () => {
      expect(await store.counts()).toEqual({ open: 0, claimed: 0, closed: 0 });
      await store.record(aBatch(['T-1', 'T-2', 'T-3', 'T-4'].map((transactionId) => aDecision({ transactionId }))));
      await store.act('D-MOBILE_BANKING-T-1', 1, CLAIM, 'li');
      await store.act('D-MOBILE_BANKING-T-2', 1, CLOSE, 'li');
      await store.act('D-MOBILE_BANKING-T-3', 1, CLOSE, 'li');
      await store.act('D-MOBILE_BANKING-T-3', 2, { kind: 'reopen' }, 'li');
      expect(await store.counts()).toEqual({ open: 2, claimed: 1, closed: 1 });
    });

    it('finds the decisions of one id on all the channels that are asked for, in their order', async () => {
      const on = (channel: string, overrides: Parameters<typeof aDecision>[0] = {}) =>
        aDecision({ channel, decisionId: `D-${channel}`, alert: false, ...overrides });
      await store.record(
        aBatch([
          on('ATM', { decidedAt: '2026-09-30T23:59:59.999Z' }),
          on('POS', { decidedAt: '2026-11-20T02:15:00.210Z' }),
          on('COUNTER', { transactionId: 'T-2' }),
          aProvisionalDecision({ channel: 'QR_CODE', decisionId: 'P-old', decidedAt: '2026-10-31T00:00:00.000Z' }),
          aProvisionalDecision({ channel: 'QR_CODE', decisionId: 'P-new', decidedAt: '2026-11-01T00:00:00.000Z' }),
          aProvisionalDecision({ channel: 'POS', decisionId: 'P-mended', decidedAt: '2026-12-01T00:00:00.000Z' }),
        ]),
      );
      const ids = async (id: string, channels: readonly string[]) =>
        (await store.decisionsById(id, channels)).map(({ decision }) => decision.decisionId);
      expect(await ids('T-1', ['POS', 'COUNTER', 'ATM', 'QR_CODE'])).toEqual(['D-POS', 'D-ATM', 'P-new']);
      expect(await ids('T-1', ['ATM'])).toEqual(['D-ATM']);
      expect(await ids('T-1', [])).toEqual([]);
      expect(await ids('T', ['ATM', 'POS'])).toEqual([]);
      expect(await store.decisionsById('T-1', ['ATM'])).toEqual([await store.decision('ATM', 'T-1')]);
    });

    it('shows a customer’s newest decisions over all channels and months', async () => {
      const at = (transactionId: string, decidedAt: string, channel: string) =>
        aDecision({ transactionId, decidedAt, channel, alert: false });
      await store.record(
        aBatch([
          at('T-1', '2026-09-30T23:59:59.999Z', 'ATM'),
          at('T-2', '2026-10-01T00:00:00.000Z', 'POS'),
          at('T-3', '2026-11-30T23:59:59.999Z', 'MOBILE_BANKING'),
          at('T-4', '2026-12-01T00:00:00.000Z', 'ATM'),
          aDecision({ transactionId: 'T-5', customerId: 'C2' }),
        ]),
      );
      const ids = async (limit: number) =>
        (await store.customerDecisions('C1001', limit)).map(({ decision }) => decision.transactionId);
      expect(await ids(10)).toEqual(['T-4', 'T-3', 'T-2', 'T-1']);
      expect(await ids(2)).toEqual(['T-4', 'T-3']);
      expect(await store.customerDecisions('nobody', 10)).toEqual([]);
    });
  });
}
