/**
 * The access token of this tab: in memory and in sessionStorage, never in localStorage, a cookie or a query. The address that
 * Vigil prints carries it in the fragment (`#token=…`), which is not sent to any server and is removed at once.
 */
const KEY = 'vigil.token';

/** Storage can be switched off by policy: the token then lives as long as the page. */
function stored(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function takeFromFragment(): string | null {
  const match = /^#token=([^&]+)(?:&to=(.*))?$/.exec(location.hash);
  if (match === null) return null;
  const to = match[2] === undefined ? '' : `#${decodeURIComponent(match[2])}`;
  history.replaceState(null, '', `${location.pathname}${location.search}${to}`);
  return decodeURIComponent(match[1] ?? '');
}

let token: string | null = null;

export function keepToken(next: string | null): void {
  token = next;
  try {
    if (next === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, next);
  } catch {
    // see stored(): memory is enough
  }
}

/** Call once before the first render: the fragment must be gone before anything reads the address. */
export function startSession(): void {
  const fromFragment = takeFromFragment();
  if (fromFragment === null) token = stored();
  else keepToken(fromFragment);
}

export const currentToken = (): string | null => token;
