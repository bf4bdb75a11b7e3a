import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadChannels } from '../../../src/config/load-channels.ts';
import { describeSettings, type Environment, loadSettings } from '../../../src/config/load-settings.ts';
import { settingsLeaves } from '../../../src/config/settings-schema.ts';
import { formatFault } from '../../../src/domain/config-fault.ts';

const shipped = {
  file: 'vigil.yaml',
  text: readFileSync(new URL('../../../config/vigil.yaml', import.meta.url), 'utf8'),
};
const load = (own?: string, environment: Environment = {}) =>
  loadSettings(shipped, own === undefined ? undefined : { file: 'own/vigil.yaml', text: own }, environment);
const faultsOf = (own: string, environment: Environment = {}): readonly string[] => {
  const loaded = load(own, environment);
  return loaded.ok ? [] : loaded.error.map((fault) => formatFault(fault).split('\n')[0] ?? '');
};

describe('settings', () => {
  it('ship complete: every key of the schema stands in vigil.yaml', () => {
    const loaded = load();
    expect(loaded.ok).toBe(true);
    if (!loaded.ok) return;
    expect([...loaded.value.origins.keys()].sort()).toEqual(
      settingsLeaves()
        .map((leaf) => leaf.path)
        .sort(),
    );
  });

  it('name in a comment each environment variable that sets a key, and no other', () => {
    const inComments = [...shipped.text.matchAll(/^\s+\w+:.*# .*?(VIGIL_[A-Z_]+)/gm)].map((match) => match[1]);
    const inSchema = settingsLeaves().flatMap((leaf) => leaf.schema.env ?? []);
    expect(inComments).toEqual(inSchema);
  });

  it('have a comment on every key', () => {
    const keys = shipped.text.split('\n').filter((line) => /^\s+\w+: \S/.test(line));
    expect(keys.filter((line) => !line.includes(' # '))).toEqual([]);
  });

  it('are merged key by key, the environment over the file over what is shipped', () => {
    const loaded = load('http: { port: 9000, host: "0.0.0.0" }\n', { VIGIL_HTTP_PORT: '9100' });
    expect(loaded).toMatchObject({ ok: true, value: { settings: { http: { port: 9100, host: '0.0.0.0' } } } });
    if (!loaded.ok) return;
    expect(loaded.value.origins.get('http.port')).toBe('VIGIL_HTTP_PORT');
    expect(loaded.value.origins.get('http.host')).toBe('own/vigil.yaml');
    expect(loaded.value.origins.get('redis.url')).toBe('vigil.yaml');
  });

  it('read lists and switches from the environment', () => {
    const loaded = load(undefined, { VIGIL_KAFKA_BROKERS: 'a:1, b:2', VIGIL_KAFKA_SSL: 'true' });
    expect(loaded).toMatchObject({ ok: true, value: { settings: { kafka: { brokers: ['a:1', 'b:2'], ssl: true } } } });
  });

  it('report all faults at once, each with its place and what was probably meant', () => {
    expect(faultsOf('http:\n  prot: 1\n  port: 70000\nlogging: { level: loud }\n')).toEqual([
      'own/vigil.yaml:2:3 http.prot: is not a known key (did you mean port?)',
      'own/vigil.yaml:3:9 http.port: must be <= 65535',
      expect.stringMatching(/^own\/vigil\.yaml:4:19 logging\.level: must be one of "trace"/),
    ]);
  });

  it('place a fault of the environment there', () => {
    expect(faultsOf('', { VIGIL_HTTP_PORT: 'http' })).toEqual([
      'environment VIGIL_HTTP_PORT http.port: must be integer',
    ]);
  });

  it.each([
    ['kafka: { heartbeatIntervalMs: 20000 }', /a third of kafka.sessionTimeoutMs/],
    ['kafka: { sessionTimeoutMs: 90000 }', /at least kafka.sessionTimeoutMs/],
    ['kafka: { saslMechanism: plain }', /needs kafka.saslUsername/],
    ['postgres: { queryTimeoutMs: 5000 }', /larger than postgres.statementTimeoutMs/],
    ['http: { oidcIssuer: "https://id" }', /stand together/],
    ['bank: { zone: "Asia/Nanchang" }', /IANA/],
    ['kafka: { topics: { decisions: vigil.transactions } }', /same name/],
    ['[]', /map of sections/],
    ['http: 1', /./],
    ['kafka: { brokers: [] }', /./],
    ['kafka: { brokers: ["nowhere"] }', /./],
  ])('refuse %s', (own, message) => {
    expect(faultsOf(`${own}\n`).some((fault) => message.test(fault))).toBe(true);
  });

  it('never print a secret', () => {
    const loaded = load('http: { token: "hush-hush" }\n', { VIGIL_POSTGRES_URL: 'postgres://u:hush-hush@h/d' });
    expect(loaded.ok).toBe(true);
    if (loaded.ok) expect(JSON.stringify(describeSettings(loaded.value))).not.toContain('hush-hush');
  });
});

describe('channels.yaml', () => {
  const text = readFileSync(new URL('../../../config/channels.yaml', import.meta.url), 'utf8');

  it('holds the fifteen channels of the contract', () => {
    const loaded = loadChannels({ file: 'channels.yaml', text });
    expect(loaded.ok).toBe(true);
    if (!loaded.ok) return;
    expect([...loaded.value.channels.keys()].sort()).toEqual(
      'ATM CORPORATE_ONLINE_BANKING COUNTER CREDIT_CARD DIRECT_LINK MOBILE_BANKING ONLINE_BANKING PHONE_BANKING POS QR_CODE SELF_SERVICE SMS_BANKING THIRD_PARTY_PAYMENT TV_BANKING WECHAT_BANKING'.split(
        ' ',
      ),
    );
  });

  it('leaves no customer with only methods that the customer cannot use', () => {
    const loaded = loadChannels({ file: 'channels.yaml', text });
    if (!loaded.ok) throw new Error('refused');
    for (const channel of loaded.value.channels.values()) {
      for (const need of ['HEARING', 'SIGHT']) {
        const usable = channel.challengeMethods.filter(
          (code) => !loaded.value.challengeMethods.get(code)?.unusableFor.includes(need),
        );
        expect(usable.length, `${channel.code} for ${need}`).toBeGreaterThan(0);
      }
    }
  });

  it('is refused with every fault at its place', () => {
    const broken = text.replace('USB_KEY, APP_PUSH, SMS_OTP, VOICE_CALL]', 'USB_KEI]').replace('CNY: 500000', 'RMB: 1');
    const loaded = loadChannels({ file: 'channels.yaml', text: `${broken}extra: 1\n` });
    const second = loadChannels({ file: 'channels.yaml', text: broken });
    expect(loaded).toMatchObject({ ok: false, error: [{ path: 'extra', message: 'is not a known key' }] });
    expect(second).toMatchObject({
      ok: false,
      error: [{ suggestion: 'did you mean USB_KEY?' }, { message: 'RMB is not a code of ISO 4217' }],
    });
  });
});
