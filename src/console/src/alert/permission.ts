/** Who may change alerts. The server decides; this only spares a person a refusal. */
import { useMe } from '../api/queries.ts';

const MAY_ACT: ReadonlySet<string> = new Set(['analyst', 'supervisor', 'administrator']);

export function useMayAct(): boolean {
  const me = useMe().data;
  return me?.roles.some((role) => MAY_ACT.has(role)) ?? false;
}
