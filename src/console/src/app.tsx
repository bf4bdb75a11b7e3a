/** Sign-in or the frame; then the page that the address names. Each page is a file of its own, loaded when it is first seen. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { isStatus, whenUnauthenticated } from './api/client.ts';
import { useMe } from './api/queries.ts';
import { AnnouncerProvider } from './controls/announcer.tsx';
import { Boundary } from './controls/boundary.tsx';
import { Skeleton } from './controls/loading.tsx';
import { Frame } from './frame/frame.tsx';
import { BankZone, PreferencesProvider } from './i18n/language.tsx';
import { usePlace } from './router.ts';
import { currentToken, keepToken } from './session.ts';

const SignInPage = lazy(async () => ({ default: (await import('./sign-in/sign-in-page.tsx')).SignInPage }));
const AlertsRoute = lazy(async () => ({ default: (await import('./queue/alerts-route.tsx')).AlertsRoute }));
const LivePage = lazy(async () => ({ default: (await import('./live/live-page.tsx')).LivePage }));
const CustomerPage = lazy(async () => ({ default: (await import('./customer/customer-page.tsx')).CustomerPage }));
const TransactionPage = lazy(async () => ({
  default: (await import('./transaction/transaction-page.tsx')).TransactionPage,
}));

/** A refusal will not change by asking again; a lost connection may. */
const isWorthRetrying = (failures: number, error: unknown): boolean =>
  failures < 2 && ![400, 401, 403, 404, 409].some((status) => isStatus(error, status));

const createClient = (): QueryClient =>
  new QueryClient({ defaultOptions: { queries: { retry: isWorthRetrying, refetchOnWindowFocus: true } } });

function Page(): ReactNode {
  const [page = 'alerts', first, second] = usePlace().path;
  if (page === 'live') return <LivePage />;
  if (page === 'customers' && first !== undefined) return <CustomerPage key={first} customerId={first} />;
  if (page === 'transactions' && first !== undefined && second !== undefined)
    return <TransactionPage key={`${first}/${second}`} channel={first} transactionId={second} />;
  return <AlertsRoute />;
}

const PAGE_TO_COME = (
  <Skeleton
    lines={[
      [100, 36],
      [100, 300],
    ]}
  />
);

/** No page before the bank's zone is known, so that no time changes under the reader; a server that is away says so on the page. */
function SignedIn({ onSignOut }: { readonly onSignOut: () => void }): ReactNode {
  const { data: me, failureCount } = useMe();
  const isKnown = me !== undefined || failureCount > 0;
  return (
    <BankZone zone={me?.bank.zone ?? 'UTC'}>
      <Frame onSignOut={onSignOut}>
        <Boundary>
          <Suspense fallback={PAGE_TO_COME}>{isKnown ? <Page /> : PAGE_TO_COME}</Suspense>
        </Boundary>
      </Frame>
    </BankZone>
  );
}

export function App(): ReactNode {
  const [token, setToken] = useState(currentToken);
  const [hasEnded, setEnded] = useState(false);
  const [client, setClient] = useState(createClient);
  const [leave] = useState(() => (ended: boolean): void => {
    keepToken(null);
    setToken(null);
    setEnded(ended);
    // nothing that one user has seen is kept for the next
    setClient(createClient());
  });
  useEffect(() => {
    whenUnauthenticated(() => leave(true));
    return () => whenUnauthenticated(() => undefined);
  }, [leave]);
  const signIn = (next: string): void => {
    keepToken(next);
    setEnded(false);
    setToken(next);
  };
  return (
    <PreferencesProvider>
      <QueryClientProvider client={client}>
        <AnnouncerProvider>
          {token === null ? (
            <Suspense>
              <SignInPage hasEnded={hasEnded} onSignIn={signIn} />
            </Suspense>
          ) : (
            <SignedIn onSignOut={() => leave(false)} />
          )}
        </AnnouncerProvider>
      </QueryClientProvider>
    </PreferencesProvider>
  );
}
