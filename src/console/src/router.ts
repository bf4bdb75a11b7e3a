/**
 * Addresses live in the fragment (`#/alerts?channel=ATM`): the server serves one file at `/` and needs no rule for deep links,
 * and a filter or an alert can be sent to a colleague as a link.
 */
import { useSyncExternalStore } from 'react';

export interface Place {
  readonly path: readonly string[];
  readonly search: URLSearchParams;
}

function parse(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#/, '').split('?');
  return {
    path: path
      .split('/')
      .filter((piece) => piece !== '')
      .map((piece) => {
        try {
          return decodeURIComponent(piece);
        } catch {
          return piece;
        }
      }),
    search: new URLSearchParams(search),
  };
}

let known = { hash: '\u0000', place: parse('') };

/** One object per address, so that React sees that nothing has changed. */
function snapshot(): Place {
  if (known.hash !== location.hash) known = { hash: location.hash, place: parse(location.hash) };
  return known.place;
}

const listeners = new Set<() => void>();
const tell = (): void => {
  for (const listener of listeners) listener();
};

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('hashchange', tell);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('hashchange', tell);
  };
}

export const usePlace = (): Place => useSyncExternalStore(subscribe, snapshot);

export const hrefOf = (path: readonly string[], search?: URLSearchParams): string =>
  `#/${path.map(encodeURIComponent).join('/')}${search === undefined || search.size === 0 ? '' : `?${search}`}`;

export function goTo(path: readonly string[], search?: URLSearchParams): void {
  location.hash = hrefOf(path, search);
}

/** For filters: no step of the "back" button. */
export function replacePlace(path: readonly string[], search: URLSearchParams): void {
  history.replaceState(history.state, '', hrefOf(path, search));
  tell();
}
