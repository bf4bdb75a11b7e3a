import type { ReactNode } from 'react';

/** The key that does the same as the button it stands in; readers are told by the list of keys ("?"). */
export const KeyHint = ({ children }: { readonly children: string }): ReactNode => (
  <span className="key-hint" aria-hidden="true">
    {children}
  </span>
);
