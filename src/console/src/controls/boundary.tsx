/** A fault of a page is shown in its place; the frame, the search and the way to the other pages stay. */
import { Component, type ReactNode } from 'react';
import { usePreferences } from '../i18n/language.tsx';

function Broken(): ReactNode {
  const { t } = usePreferences();
  return (
    <div className="empty" role="alert">
      <strong>{t('error.broken')}</strong>
      <span>{t('error.brokenHelp')}</span>
    </div>
  );
}

interface State {
  readonly isBroken: boolean;
}

/** React has no other way than a class to catch what a page throws. */
export class Boundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { isBroken: false };
  readonly mend = (): void => this.setState({ isBroken: false });

  static getDerivedStateFromError(): State {
    return { isBroken: true };
  }

  override componentDidMount(): void {
    addEventListener('hashchange', this.mend);
  }

  override componentWillUnmount(): void {
    removeEventListener('hashchange', this.mend);
  }

  override render(): ReactNode {
    return this.state.isBroken ? <Broken /> : this.props.children;
  }
}
