/**
 * The console in a browser, as the people use it: sign-in, the queue by keyboard, one alert, two languages, two who are at the
 * same alert. Every visit ends with the question whether the browser complained (errors, content security policy).
 */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FAKE_TOKEN } from '../helpers/fake-api.ts';
import { type BuiltConsole, buildConsole, launchChromium, type Visit, type VisitOptions, visit } from './browser.ts';
import { pageFaults } from './page-faults.ts';

let browser: Browser;
let built: BuiltConsole;
let open: Visit | undefined;

beforeAll(async () => {
  built = await buildConsole();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  built?.remove();
});
afterEach(async () => {
  const complaints = open?.complaints ?? [];
  await open?.close();
  open = undefined;
  expect(complaints).toEqual([]);
});

async function start(options: VisitOptions = {}): Promise<Visit> {
  open = await visit(browser, built.dir, options);
  return open;
}

/** In the queue, with its rows there. */
async function startInQueue(options: VisitOptions = {}): Promise<Visit> {
  const opened = await start(options);
  await opened.page.locator('[role=row][data-index]').first().waitFor();
  return opened;
}

const aTakeOver = ({ api }: Visit): string =>
  api.bank.alerts.find((alert) => alert.riskScore === 860 && alert.status === 'open')?.alertId ?? '';
const selectedId = async ({ page }: Visit): Promise<string> =>
  ((await page.locator('[role=row][aria-selected=true]').getAttribute('id')) ?? '').replace('row-', '');

describe('signing in', () => {
  it('takes the token of the printed address and removes it from the address at once', async () => {
    const { page } = await startInQueue();
    expect(page.url()).not.toContain('token');
    expect(await page.evaluate('sessionStorage.getItem("vigil.token")')).toBe(FAKE_TOKEN);
    expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie')).not.toContain(FAKE_TOKEN);
    await page.reload();
    await page.locator('[role=row][data-index]').first().waitFor();
  });

  it('asks for a token without one, says why one is refused, and lets the right one in', async () => {
    const { page, api } = await start({ hash: '' });
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Enter the token first.').waitFor();
    await page.getByLabel('Access token').fill('wrong');
    await page.getByLabel('Access token').press('Enter');
    await page.getByText('The server does not accept this token.').waitFor();
    expect(await pageFaults(page)).toEqual([]);
    await page.getByLabel('Access token').fill(FAKE_TOKEN);
    await page.getByLabel('Access token').press('Enter');
    await page.getByRole('grid', { name: 'Alert queue' }).waitFor();
    expect(api.asked.every((path) => !path.includes(FAKE_TOKEN))).toBe(true);
  });

  it('ends when the person signs out, and keeps nothing', async () => {
    const { page } = await startInQueue();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Access token').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });
});

describe('the queue', () => {
  it('moves by j and k, opens by Enter, comes back by Escape with the focus where it was', async () => {
    const opened = await startInQueue();
    const { page } = opened;
    await page.keyboard.press('j');
    const first = await selectedId(opened);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    const second = await selectedId(opened);
    expect(second).not.toBe(first);
    expect(await page.evaluate('document.activeElement.id')).toBe(`row-${second}`);
    await page.keyboard.press('Enter');
    await page.locator('.alert.page').waitFor();
    expect(page.url()).toContain(`#/alerts/${second}`);
    await page.keyboard.press('Escape');
    await page.locator(`#row-${second}`).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe(`row-${second}`);
  });

  it('shows the selected alert beside the list from 1280 pixels on, and not below', async () => {
    const { page } = await startInQueue({ size: [1280, 720] });
    await page.keyboard.press('j');
    await page.locator('.queue-preview .alert-sentence').waitFor();
    await page.setViewportSize({ width: 1100, height: 720 });
    await page.locator('.queue-preview').waitFor({ state: 'detached' });
  });

  it('gathers new alerts behind a button and does not move the rows', async () => {
    const { page, api } = await startInQueue();
    await page.keyboard.press('j');
    const before = await page.locator('[role=row][data-index="0"]').getAttribute('id');
    api.bank.arrive(3);
    const button = page.getByRole('button', { name: 'Show 3 new alerts' });
    await button.waitFor();
    expect(await page.locator('[role=row][data-index="0"]').getAttribute('id')).toBe(before);
    await page.keyboard.press('n');
    await button.waitFor({ state: 'detached' });
    expect(await page.locator('[role=row][data-index="0"]').getAttribute('id')).not.toBe(before);
    expect(await page.locator('[role=row][data-index="3"]').getAttribute('id')).toBe(before);
  });

  it('marks a row that somebody else has taken, in its place', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    await page.keyboard.press('j');
    const id = await selectedId(opened);
    api.bank.act(id, api.bank.version(id), { kind: 'claim' }, 'li.na');
    await page.locator(`#row-${id}`).getByText('No longer in this view').waitFor();
    await page.locator(`#row-${id}`).getByText('In hand · li.na').waitFor();
    expect(await page.locator(`#row-${id}`).getAttribute('data-index')).toBe('0');
  });

  it('keeps its filters in the address', async () => {
    const { page, api } = await startInQueue();
    await page.getByRole('combobox', { name: 'State' }).selectOption('all');
    await page.getByRole('combobox', { name: 'Channel' }).selectOption('ATM');
    await expect.poll(() => page.evaluate('location.hash')).toBe('#/alerts?view=all&channel=ATM');
    const wanted = api.bank.alerts.filter((alert) => alert.channel === 'ATM').length;
    await page.getByText(`${wanted} alerts`).waitFor();
    await page.reload();
    await page.getByText(`${wanted} alerts`).waitFor();
    expect(await page.getByRole('combobox', { name: 'Channel' }).inputValue()).toBe('ATM');
    await page.goto(`${api.url}/#/alerts?customer=C1001`);
    await page.getByRole('button', { name: 'Remove this filter: customer C1001' }).click();
    await expect.poll(() => page.evaluate('location.hash')).toBe('#/alerts');
  });

  it('says when there is nothing to do', async () => {
    const { page } = await start({ alerts: 0 });
    await page.getByText('No open alerts').waitFor();
    expect(await pageFaults(page)).toEqual([]);
  });

  it('scrolls through 100,000 alerts with few rows drawn, page by page', async () => {
    const opened = await startInQueue({ alerts: 100_000 });
    const { page, api } = opened;
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('j');
      await page.keyboard.press('End');
      await page.waitForTimeout(150);
    }
    const loaded = Number(await page.locator('[role=row][aria-selected=true]').getAttribute('data-index'));
    expect(loaded).toBeGreaterThan(500);
    expect(await page.locator('[role=row][data-index]').count()).toBeLessThan(80);
    expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('row');
    expect(api.asked.filter((path) => path.includes('cursor=')).length).toBeGreaterThan(4);
    await page.keyboard.press('Home');
    expect(await page.locator('[role=row][aria-selected=true]').getAttribute('data-index')).toBe('0');
  });

  it('says since when it is stale, and that the server is away', async () => {
    const { page, api } = await startInQueue();
    api.isDown = true;
    await page.getByText(/Not updated since \d\d:\d\d:\d\d/).waitFor({ timeout: 40_000 });
    await page.getByRole('link', { name: 'No contact' }).waitFor();
    expect(await page.locator('[role=row][data-index]').count()).toBeGreaterThan(5);
  });
});

describe('one alert', () => {
  it('says why first, then shows the values that the rules saw, against thresholds and the usual', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    await page.goto(`${api.url}/#/alerts/${aTakeOver(opened)}`);
    await page.getByRole('heading', { name: /^Three transfers in 10 minutes, ¥149,700 in all/ }).waitFor();
    const fired = page.getByRole('region', { name: 'What fired' });
    await fired.getByText('threshold ≥ 3').waitFor();
    for (const text of ['Burst of transfers', '3 in 10 min', 'Largest amount so far ¥8,600', 'Shadow: had no effect'])
      expect(await fired.textContent()).toContain(text);
    expect(await page.getByRole('region', { name: 'Limits' }).textContent()).toContain('limit ¥120,000');
    const model = page.getByRole('region', { name: 'What the model saw' });
    expect(await model.getByRole('row', { name: /Amount against own history/ }).textContent()).toContain('+2.41');
    expect(await page.getByRole('region', { name: 'Usual against now' }).textContent()).toContain(
      'usually ¥25 to ¥1,400',
    );
    const fields = page.getByRole('region', { name: 'Transaction', exact: true });
    expect(await fields.locator('.field-row.took dt').allTextContents()).toContain('Payee account, took part');
    expect(await pageFaults(page)).toEqual([]);
  });

  it.each([
    [
      'en',
      'Limits',
      [
        'daily limitExceededHeld',
        'single-transaction limitWithinwould be blocked above ¥500,000',
        'daily limitReminder',
      ],
    ],
    ['zh-CN', '限额', ['日限额超限暂缓', '单笔限额未超限超过 ¥500,000 将拦截', '日限额提醒']],
  ] as const)('names the outcome of a limit only where the limit is exceeded (%s)', async (language, name, heads) => {
    const opened = await startInQueue({ language });
    const { page, api } = opened;
    await page.goto(`${api.url}/#/alerts/${aTakeOver(opened)}`);
    const limits = page.getByRole('region', { name });
    await limits.waitFor();
    expect((await limits.locator('.hit-head').allTextContents()).sort()).toEqual([...heads].sort());
  });

  it('says when another ruleset is in force than the one that decided', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    api.rulesetInForce = 'b52e77d1';
    await page.goto(`${api.url}/#/alerts/${aTakeOver(opened)}`);
    await page.reload();
    const fired = page.getByRole('region', { name: 'What fired' });
    await fired.getByText('Made with ruleset a41f09c2e7; in force now is b52e77d1').waitFor();
    expect(await fired.textContent()).not.toContain('threshold ≥');
    expect(await pageFaults(page)).toEqual([]);
  });

  it('draws a lane for each channel and lists the same transactions as a table', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    const id = aTakeOver(opened);
    await page.goto(`${api.url}/#/alerts/${id}`);
    const activity = page.getByRole('region', { name: 'Recent activity over all channels' });
    await activity.getByRole('img').waitFor();
    const alert = api.bank.alerts.find(({ alertId }) => alertId === id);
    const items = api.bank.transactionsOf(alert?.customerId ?? '', 100);
    expect(await activity.locator('.lane').count()).toBe(new Set(items.map(({ channel }) => channel)).size);
    await activity.getByRole('button', { name: 'As a table' }).click();
    expect(await activity.getByRole('row').count()).toBe(items.length + 1);
    expect(await pageFaults(page)).toEqual([]);
  });

  it('says at which level a degraded decision was made, and what was missing', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    const id = api.bank.alerts.find(({ level }) => level === 'L1')?.alertId ?? '';
    await page.goto(`${api.url}/#/alerts/${id}`);
    await page.getByText('Decided at level L1: No model.').waitFor();
    await page.getByText('The model took no part in this decision.').waitFor();
    await page.getByText('Could not be evaluated: tx.location.country is absent').waitFor();
    await page.getByText('Can be verified by call-back by phone or confirmation in the app').waitFor();
  });

  it('shows a refused message without evidence, and an alert that is not there', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    const id = api.bank.alerts.find(({ provisional }) => provisional === true)?.alertId ?? '';
    await page.goto(`${api.url}/#/alerts/${id}`);
    await page.getByText('Provisional: the message was refused').waitFor();
    await page.getByText('The decision kept no copy of the transaction.').waitFor();
    await page.goto(`${api.url}/#/alerts/nothing`);
    await page.getByText('There is nothing here').waitFor();
  });

  it('copies an id by a click and says so', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    const id = aTakeOver(opened);
    await page.goto(`${api.url}/#/alerts/${id}`);
    const transactionId = api.bank.alerts.find(({ alertId }) => alertId === id)?.transactionId ?? '';
    await page
      .getByRole('button', { name: `Copy ${transactionId}` })
      .first()
      .click();
    await page.getByText(`Copied: ${transactionId}`).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(transactionId);
  });
});

describe('working on an alert', () => {
  it('claims by c and closes by x with a disposition and a note, by keyboard alone', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    await page.keyboard.press('j');
    const id = await selectedId(opened);
    await page.keyboard.press('c');
    await page.getByText(/^Claimed: /).waitFor();
    expect(api.bank.alerts.find(({ alertId }) => alertId === id)?.assignee).toBe('chen.jie');
    await page.keyboard.press('x');
    const dialog = page.getByRole('dialog', { name: 'Close the alert' });
    await dialog.waitFor();
    expect(await pageFaults(page)).toEqual([]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Called back: it was the customer.');
    await dialog.getByRole('button', { name: 'Close the alert' }).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByText(/^Closed as Genuine: /).waitFor();
    const closed = api.bank.alerts.find(({ alertId }) => alertId === id);
    expect([closed?.status, closed?.disposition, closed?.note]).toEqual([
      'closed',
      'genuine',
      'Called back: it was the customer.',
    ]);
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe(`row-${id}`);
  });

  it('is no conflict with oneself when x follows c before the eye has seen the row change', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    await page.keyboard.press('j');
    const id = await selectedId(opened);
    // the key comes in the very moment in which the page first shows the claim
    await page.evaluate(`new MutationObserver((_, observer) => {
      if (!document.querySelector('.announcer').textContent.startsWith('Claimed: ')) return;
      observer.disconnect();
      document.dispatchEvent(new KeyboardEvent('keydown', { key: 'x', bubbles: true }));
    }).observe(document.body, { childList: true, subtree: true, characterData: true })`);
    await page.keyboard.press('c');
    const dialog = page.getByRole('dialog', { name: 'Close the alert' });
    await dialog.getByText('Genuine', { exact: true }).click();
    await dialog.getByRole('button', { name: 'Close the alert' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(api.bank.alerts.find(({ alertId }) => alertId === id)?.disposition).toBe('genuine');
  });

  it('keeps the focus in the bar when a step takes its own button away', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    await page.goto(`${api.url}/#/alerts/${aTakeOver(opened)}`);
    await page.getByRole('button', { name: 'Claim' }).press('Enter');
    await page.getByRole('button', { name: 'Claim' }).waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toMatch(/^Close/);
  });

  it('asks what it was before it closes', async () => {
    const { page } = await startInQueue();
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByRole('dialog').getByRole('button', { name: 'Close the alert' }).click();
    await page.getByRole('dialog').getByText('Choose what it was.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('does nothing when somebody else was faster, and says in place who and what', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    const id = aTakeOver(opened);
    await page.goto(`${api.url}/#/alerts/${id}`);
    await page.getByRole('region', { name: 'History' }).waitFor();
    api.bank.act(id, 1, { kind: 'claim' }, 'li.na');
    await page.getByRole('button', { name: 'Claim' }).click();
    const note = page.getByRole('alert').filter({ hasText: 'Somebody else was faster' });
    await note.getByText('Your step was not carried out. Now: in hand of li.na.').waitFor();
    expect(api.bank.alerts.find(({ alertId }) => alertId === id)?.assignee).toBe('li.na');
    await page.getByRole('toolbar').getByText('It is with li.na: a supervisor can take this step.').waitFor();
    await note.getByRole('button', { name: 'Understood' }).click();
    await note.waitFor({ state: 'detached' });
  });

  it('keeps the note when the alert was changed while it was written, and closes all the same when that is possible', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    api.me = { ...api.me, subject: 'zhao.min', name: 'Zhao Min', roles: ['supervisor'] };
    await page.reload();
    await page.locator('[role=row][data-index]').first().waitFor();
    await page.keyboard.press('j');
    const id = await selectedId(opened);
    await page.keyboard.press('x');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Fraud', { exact: true }).click();
    await dialog.getByLabel('Note').fill('Account of a known mule.');
    api.bank.act(id, 1, { kind: 'claim' }, 'li.na');
    await dialog.getByRole('button', { name: 'Close the alert' }).click();
    await dialog.getByText('Somebody else was faster').waitFor();
    expect(await dialog.getByLabel('Note').inputValue()).toBe('Account of a known mule.');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Close it all the same');
    await dialog.getByRole('button', { name: 'Close it all the same' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(api.bank.alerts.find(({ alertId }) => alertId === id)?.note).toBe('Account of a known mule.');
  });

  it('says in place when an open alert is closed by somebody else', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    const id = aTakeOver(opened);
    await page.goto(`${api.url}/#/alerts/${id}`);
    await page.getByRole('region', { name: 'History' }).waitFor();
    api.bank.act(id, 1, { kind: 'close', disposition: 'confirmed_fraud', note: 'Mule account.' }, 'li.na');
    const note = page.getByRole('alert').filter({ hasText: 'This alert changed while you read it' });
    await note.getByText('Closed as Fraud by li.na').waitFor();
    expect(await note.textContent()).toContain('Mule account.');
  });

  it('offers no step to a role that may only look', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    api.me = { ...api.me, subject: 'guest', name: 'Guest', roles: ['viewer'] };
    await page.goto(`${api.url}/#/alerts/${aTakeOver(opened)}`);
    await page.reload();
    await page.getByText('Your role can look at alerts and not change them.').waitFor();
    expect(await page.getByRole('button', { name: 'Claim' }).count()).toBe(0);
  });
});

describe('the frame', () => {
  it('speaks both languages, and remembers the choice', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    await page.getByRole('combobox', { name: 'Language' }).selectOption('zh-CN');
    await page.getByRole('heading', { name: '预警', exact: true }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('zh-CN');
    await page.goto(`${api.url}/#/alerts/${aTakeOver(opened)}`);
    await page.getByRole('heading', { name: /^10分钟内转账3笔，合计¥149,700/ }).waitFor();
    await page.reload();
    await page.getByRole('region', { name: '触发的规则' }).waitFor();
    expect(await page.locator('body').textContent()).not.toMatch(/VEL_COUNT|MOBILE_BANKING|confirmed_fraud/);
  });

  it('shows the bank’s name, and its times in the bank’s zone', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    // 5 h 45 min ahead of UTC all the year, unlike the zone of this browser
    api.me = { ...api.me, bank: { name: 'Himalaya Bank', zone: 'Asia/Kathmandu' } };
    await page.goto(`${api.url}/#/alerts/${aTakeOver(opened)}`);
    await page.reload();
    await page.getByRole('banner').getByText('Himalaya Bank').waitFor();
    const time = page.locator('time').first();
    const utcMs = Date.parse((await time.getAttribute('datetime')) ?? '');
    const inNepal = new Date(utcMs + 345 * 60_000).toISOString().slice(0, 19).replace('T', ' ');
    expect(await time.getAttribute('title')).toBe(`${inNepal} (Asia/Kathmandu)`);
  });

  it('switches the theme', async () => {
    const { page } = await startInQueue({ theme: 'dark' });
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    await page.getByRole('button', { name: 'Switch to light' }).click();
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(243, 244, 246)');
  });

  it('finds a transaction by its id alone, on whichever channel it is', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    const alert = api.bank.alerts.find(({ alertId }) => alertId === aTakeOver(opened));
    await page.keyboard.press('/');
    await page.keyboard.type(alert?.transactionId ?? '');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Three transfers in 10 minutes/ }).waitFor();
    expect(page.url()).toContain(`#/transactions/MOBILE_BANKING/${alert?.transactionId}`);
    await page.getByRole('link', { name: 'This transaction raised an alert.' }).waitFor();
    expect(api.asked.filter((path) => path.startsWith('/v1/transactions?'))).toHaveLength(1);
    expect(await pageFaults(page)).toEqual([]);
    await page.keyboard.press('/');
    await page.keyboard.type('nobody-knows-me');
    await page.keyboard.press('Enter');
    await page.getByText('No channel knows the transaction nobody-knows-me.').waitFor();
  });

  it('offers both when two channels use one id, and takes the channel before a slash', async () => {
    const opened = await startInQueue();
    const { page, api } = opened;
    const id = api.bank.alerts.find(({ alertId }) => alertId === aTakeOver(opened))?.transactionId ?? '';
    const find = api.bank.find;
    api.bank.find = (channel, asked) => {
      const decision = find(channel === 'ATM' ? 'MOBILE_BANKING' : channel, asked);
      return decision && { ...decision, channel };
    };
    await page.keyboard.press('/');
    await page.keyboard.type(id);
    await page.keyboard.press('Enter');
    await page.getByText('2 channels know this id:').waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(`atm/${id}`);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain(`#/transactions/ATM/${id}`);
  });

  it('shows its keys by "?", and gives the focus back', async () => {
    const opened = await startInQueue();
    const { page } = opened;
    await page.keyboard.press('j');
    const id = await selectedId(opened);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe(`row-${id}`);
  });

  it('shows live counters by channel', async () => {
    const { page, api } = await startInQueue();
    await page.goto(`${api.url}/#/live`);
    const channels = page.getByRole('region', { name: 'Channels' });
    await channels.getByRole('row', { name: /Mobile banking/ }).waitFor();
    expect(await channels.getByRole('row').count()).toBe(16);
    expect(await page.getByRole('region', { name: 'Time to decide' }).textContent()).toContain('4.2 ms');
    expect(await pageFaults(page)).toEqual([]);
    api.level = 'L2';
    await page.getByRole('link', { name: /L2/ }).waitFor();
  });

  it('shows a customer on all channels', async () => {
    const { page, api } = await startInQueue();
    await page.goto(`${api.url}/#/customers/C1001`);
    await page.getByRole('region', { name: 'Alerts of this customer' }).getByRole('link').first().waitFor();
    expect(await pageFaults(page)).toEqual([]);
  });

  it('has its tables of a customer whole on a phone, and turns only the arrow that opens them', async () => {
    const { page, api } = await startInQueue({ size: [390, 844] });
    await page.goto(`${api.url}/#/customers/C1001`);
    await page.getByRole('button', { name: 'As a table' }).click();
    await page.getByRole('region', { name: 'Alerts of this customer' }).getByRole('link').first().waitFor();
    const overflow = '[...document.querySelectorAll(".table-scroll")].map((box) => box.scrollWidth - box.clientWidth)';
    expect(await page.evaluate(overflow)).toEqual([0, 0]);
    const turned = await page.evaluate(
      '[...document.querySelectorAll(".subject-page .icon")].filter((icon) => getComputedStyle(icon).transform !== "none").length',
    );
    expect(turned).toBe(1);
    expect(await page.getByRole('columnheader', { name: 'Amount' }).count()).toBe(2);
  });

  it.each([
    [390, 844],
    [1280, 720],
  ] as const)('fits into %i × %i pixels without scrolling sideways', async (width, height) => {
    const opened = await startInQueue({ size: [width, height], language: 'zh-CN' });
    const { page, api } = opened;
    for (const hash of ['#/alerts', `#/alerts/${aTakeOver(opened)}`, '#/live', '#/customers/C1001']) {
      await page.goto(`${api.url}/${hash}`);
      await page.waitForTimeout(400);
      expect(await pageFaults(page), hash).toEqual([]);
      expect(await page.evaluate('document.getElementById("content").scrollWidth'), hash).toBeLessThanOrEqual(width);
    }
  });
});
