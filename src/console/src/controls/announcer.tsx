/** One polite live region for the whole page: what happened after a key or a click, also for those who cannot see it. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from 'react';

export type Announce = (text: string) => void;

const AnnounceContext = createContext<Announce>(() => undefined);

const SHOWN_MS = 5_000;

export function AnnouncerProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [message, setMessage] = useState({ text: '', count: 0 });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const announce = useCallback<Announce>((text) => {
    clearTimeout(timer.current);
    setMessage(({ count }) => ({ text, count: count + 1 }));
    timer.current = setTimeout(() => setMessage(({ count }) => ({ text: '', count })), SHOWN_MS);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <AnnounceContext value={announce}>
      {children}
      <div className="announcer" role="status" aria-live="polite">
        {message.text === '' ? null : (
          <span className="announcement" key={message.count}>
            {message.text}
          </span>
        )}
      </div>
    </AnnounceContext>
  );
}

export const useAnnounce = (): Announce => useContext(AnnounceContext);
