/** Who may change which alert. The server decides; this only spares a person a refusal. */
import type { Alert } from '../../../http/api-types.ts';
import { useMe } from '../api/queries.ts';

const MAY_ACT: ReadonlySet<string> = new Set(['analyst', 'supervisor', 'administrator']);
/** may take a step on what another person has in hand, or has closed */
const MAY_OVERRULE: ReadonlySet<string> = new Set(['supervisor', 'administrator']);

export type Permission = 'granted' | 'read-only' | 'of-another';

export type PermissionOf = (alert: Alert, kind: 'claim' | 'release' | 'close' | 'reopen') => Permission;

export function usePermission(): PermissionOf {
  const me = useMe().data;
  const has = (roles: ReadonlySet<string>): boolean => me?.roles.some((role) => roles.has(role)) ?? false;
  return (alert, kind) => {
    if (!has(MAY_ACT)) return 'read-only';
    const isOwn = alert.assignee === null || alert.assignee === me?.subject;
    return kind === 'claim' || isOwn || has(MAY_OVERRULE) ? 'granted' : 'of-another';
  };
}
