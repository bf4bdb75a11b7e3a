/**
 * The steps that a person takes with an alert, for the queue and for the alert page alike. A step names the version that the
 * person saw, own steps included; when somebody else was faster (409) nothing is done, the alert is read again, and the
 * conflict is shown in place.
 */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { nextAlertStatus } from '../../../domain/alert.ts';
import type { Alert, AlertActionRequest, AlertDetail } from '../../../http/api-types.ts';
import { isStatus } from '../api/client.ts';
import { actOnAlert, fetchAlert } from '../api/endpoints.ts';
import { alertKey } from '../api/queries.ts';
import { useAnnounce } from '../controls/announcer.tsx';
import { errorText } from '../controls/loading.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { translateCode } from '../i18n/translate.ts';
import { stateWords } from './state-words.ts';

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type Step = DistributiveOmit<AlertActionRequest, 'seenVersion'>;

export type StepResult =
  | { readonly kind: 'done'; readonly alert: Alert }
  | { readonly kind: 'conflict'; readonly alert: Alert }
  | { readonly kind: 'failed'; readonly detail: string };

export interface AlertActions {
  readonly busyId: string | null;
  /** the alert as it is now, when the last step met a conflict */
  readonly conflict: Alert | null;
  /** the version that the reader's own last step made of it; 0 = none */
  ownVersion(alertId: string): number;
  take(alert: Alert, step: Step): Promise<StepResult>;
  dismissConflict(): void;
}

export const isPossible = (alert: Alert, kind: Step['kind']): boolean => nextAlertStatus(alert.status, kind) !== null;

export function useAlertActions(onChanged: (alert: Alert) => void): AlertActions {
  const preferences = usePreferences();
  const { t } = preferences;
  const announce = useAnnounce();
  const client = useQueryClient();
  const [busyId, setBusyId] = useState<string | null>(null);
  const [conflict, setConflict] = useState<Alert | null>(null);

  const own = useRef(new Map<string, number>());

  const keep = useCallback(
    (alert: Alert): void => {
      own.current.set(alert.alertId, alert.version);
      client.setQueryData<AlertDetail>(alertKey(alert.alertId), (known) => (known ? { ...known, alert } : known));
      void client.invalidateQueries({ queryKey: alertKey(alert.alertId) });
      onChanged(alert);
    },
    [client, onChanged],
  );

  const meetConflict = async (alertId: string): Promise<StepResult> => {
    const detail = await client.fetchQuery({
      queryKey: alertKey(alertId),
      queryFn: ({ signal }) => fetchAlert(alertId, signal),
      staleTime: 0,
    });
    onChanged(detail.alert);
    setConflict(detail.alert);
    announce(t('conflict.announced', { state: stateWords(detail.alert, preferences) }));
    return { kind: 'conflict', alert: detail.alert };
  };

  const attempt = async (alert: Alert, step: Step): Promise<StepResult> => {
    try {
      // what the person has done is seen by the person, also where the row on the page is a moment behind
      const seenVersion = Math.max(alert.version, own.current.get(alert.alertId) ?? 0);
      const changed = await actOnAlert(alert.alertId, { ...step, seenVersion });
      keep(changed);
      setConflict(null);
      const disposition = changed.disposition === null ? '' : translateCode(t, 'disposition', changed.disposition);
      announce(t(`done.${step.kind}`, { id: changed.transactionId, disposition }));
      return { kind: 'done', alert: changed };
    } catch (error) {
      if (isStatus(error, 409)) return await meetConflict(alert.alertId);
      throw error;
    }
  };

  const take = async (alert: Alert, step: Step): Promise<StepResult> => {
    setBusyId(alert.alertId);
    try {
      return await attempt(alert, step);
    } catch (error) {
      const detail = errorText(error, t);
      announce(t('done.failed', { detail }));
      return { kind: 'failed', detail };
    } finally {
      setBusyId(null);
    }
  };
  return {
    busyId,
    conflict,
    take,
    ownVersion: (alertId) => own.current.get(alertId) ?? 0,
    dismissConflict: () => setConflict(null),
  };
}
