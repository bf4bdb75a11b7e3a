/** Nothing that must stay secret leaves through a log line, whichever way it was logged. The card numbers are test numbers of the schemes. */
import { describe, expect, it } from 'vitest';
import { VigilError } from '../../../src/domain/errors.ts';
import { createLogger, type LogLevel } from '../../../src/telemetry/logger.ts';

const CARD = '4111111111111111';
const GROUPED = '5555 5555 5555 4444';

function captured(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const logger = createLogger({ level, destination: { write: (line: string) => void lines.push(line) } });
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe('the log', () => {
  it('writes one JSON object per line with time, level, message and fields', () => {
    const { logger, parsed } = captured();
    logger.warn('the feature store does not answer', { attempt: 3, lag: 12n });
    expect(parsed()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        service: 'vigil',
        attempt: 3,
        lag: '12',
        msg: 'the feature store does not answer',
      },
    ]);
  });

  it.each([
    ['in the message', (log: ReturnType<typeof captured>['logger']) => log.error(`refused ${CARD} and ${GROUPED}`)],
    ['in a field', (log) => log.error('refused', { note: `card ${CARD}`, deep: { list: [GROUPED] } })],
    ['as a number', (log) => log.error('refused', { amount: Number(CARD) })],
    ['in the name of a field', (log) => log.error('refused', { [CARD]: 1 })],
    [
      'in an error, its cause and its context',
      (log) =>
        log.error('refused', {
          err: new VigilError('BUG', `bad ${CARD}`, { cause: new Error(GROUPED), context: { seen: CARD } }),
        }),
    ],
    ['in a Map', (log) => log.error('refused', { entries: new Map([['x', CARD]]) })],
    [
      'through the library interface',
      (log) => {
        log.pino.error({ url: `/x?card=${CARD}` }, `for ${GROUPED}`);
        log.pino.error(new Error(`plain ${CARD}`));
        log.pino.child({ card: CARD }).child({ card: GROUPED }).error('child');
      },
    ],
  ] as [string, (log: ReturnType<typeof captured>['logger']) => void][])(
    'never shows a card number: %s',
    (_, write) => {
      const { logger, lines } = captured();
      write(logger);
      const text = lines.join('');
      expect(lines.length).toBeGreaterThan(0);
      expect(text).not.toContain(CARD);
      expect(text).not.toContain(GROUPED);
      expect(text).toMatch(/\*{4,}|\* ?\*/);
    },
  );

  it('never shows a secret, a name or a raw payload', () => {
    const { logger, lines } = captured();
    const hidden = 'do-not-show-me';
    logger.info('x', {
      password: hidden,
      saslPassword: hidden,
      headers: { authorization: `Bearer ${hidden}`, cookie: hidden },
      customerName: hidden,
      payload: hidden,
      value: hidden,
      cardToken: hidden,
      cvv: hidden,
      postgresUrl: hidden,
      bytes: Buffer.from(hidden),
      chunk: Buffer.from(hidden),
      text: `postgres://vigil:${hidden}@db:5432/vigil`,
    });
    logger.pino.child({ password: hidden }).info('child');
    const text = lines.join('');
    expect(text).not.toContain(hidden);
    expect(text).not.toContain(Buffer.from(hidden).toString('base64'));
    expect(text).toContain('postgres://[redacted]@db:5432/vigil');
    expect(text).toContain('"chunk":"[14 bytes]"');
  });

  it('keeps a forged line break inside its line', () => {
    const { logger, lines } = captured();
    logger.error('id\n{"level":"info","msg":"all is well"}', { id: 'a\r\nb' });
    expect(lines.length).toBe(1);
    expect(lines[0]?.trimEnd().includes('\n')).toBe(false);
  });

  it('survives what is deep, wide, long or turns back on itself', () => {
    const { logger, parsed } = captured();
    const circle: Record<string, unknown> = { name: 'x' };
    circle.self = circle;
    logger.error('odd', { circle, long: 'y'.repeat(100_000), wide: Array.from({ length: 10_000 }, (_, i) => i) });
    expect(JSON.stringify(parsed()[0]).length).toBeLessThan(5_000);
  });

  it('writes nothing below its level', () => {
    const { logger, lines } = captured('warn');
    logger.info('quiet');
    logger.debug('quiet');
    expect(logger.isDebug()).toBe(false);
    expect(lines).toEqual([]);
  });
});
