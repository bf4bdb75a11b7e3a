/**
 * What a screen reader or a keyboard would stumble over, found in the page as it stands: controls without a name, roles
 * without their parts, ids that are there twice, fields without a label, images without a text, a page without a heading.
 */
import type { Page } from 'playwright-core';

/** Runs in the page. Written as text, because the tests' own types know no DOM. */
const FIND_FAULTS = `(() => {
  const faults = [];
  const isHidden = (element) => element.closest('[aria-hidden="true"]') !== null
    || !(element.checkVisibility ? element.checkVisibility() : true);
  const textOf = (id) => document.getElementById(id)?.textContent?.trim() ?? '';
  const nameOf = (element) => {
    const labelledBy = (element.getAttribute('aria-labelledby') ?? '').split(' ').map(textOf).join(' ').trim();
    const labels = [...(element.labels ?? [])].map((label) => label.textContent.trim()).join(' ').trim();
    return labelledBy || (element.getAttribute('aria-label') ?? '').trim() || labels
      || element.textContent.trim() || (element.getAttribute('title') ?? '').trim();
  };
  const say = (element, what) => faults.push(what + ': ' + element.outerHTML.slice(0, 120));
  const all = (selector) => [...document.querySelectorAll(selector)].filter((element) => !isHidden(element));

  for (const element of all('a[href], button, [role="button"], [role="dialog"], [role="grid"], [role="toolbar"], nav, section'))
    if (nameOf(element) === '') say(element, 'no name');
  for (const element of all('input:not([type="hidden"]), select, textarea')) {
    const named = nameOf(element);
    if (named === '' && !element.closest('label')) say(element, 'no label');
  }
  for (const element of all('img, svg[role="img"], [role="img"]'))
    if (nameOf(element) === '' && !element.getAttribute('alt')) say(element, 'no text');
  for (const element of all('svg:not([role="img"])')) say(element, 'a picture that is neither hidden nor named');
  const ids = new Set();
  for (const element of document.querySelectorAll('[id]')) {
    if (ids.has(element.id)) say(element, 'an id twice');
    ids.add(element.id);
  }
  for (const element of all('[aria-labelledby], [aria-describedby], [aria-controls]'))
    for (const attribute of ['aria-labelledby', 'aria-describedby'])
      for (const id of (element.getAttribute(attribute) ?? '').split(' ').filter(Boolean))
        if (document.getElementById(id) === null) say(element, attribute + ' names nothing');
  for (const element of all('[role="gridcell"], [role="columnheader"]'))
    if (element.closest('[role="row"]') === null) say(element, 'a cell outside of a row');
  for (const element of all('[role="row"]'))
    if (element.closest('[role="grid"]') === null) say(element, 'a row outside of a grid');
  for (const element of all('[tabindex]'))
    if (element.tabIndex > 0) say(element, 'a tab order of its own');
  for (const element of document.querySelectorAll('[aria-hidden="true"]'))
    if ([...element.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')].some((inner) => inner.checkVisibility()))
      say(element, 'hidden and focusable');
  for (const element of all('table'))
    if (element.querySelector('th[scope]') === null) say(element, 'a table without heads');
  if (all('h1, h2').length === 0) faults.push('no heading');
  if (all('main').length !== 1) faults.push('not exactly one main');
  if (!document.documentElement.lang) faults.push('no language');
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) faults.push('wider than the window');
  return faults;
})()`;

export async function pageFaults(page: Page): Promise<readonly string[]> {
  return (await page.evaluate(FIND_FAULTS)) as string[];
}
