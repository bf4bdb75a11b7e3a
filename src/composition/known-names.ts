/** What tests of rules, limits and lists may name. A part that is refused is absent: its names are then not held against it. */
import type { KnownNames } from '../rules/testing/test-case.ts';
import type { LoadedConfiguration } from './load-generation.ts';

type NamedParts = Pick<LoadedConfiguration, 'ruleset' | 'limits' | 'lists' | 'reasons' | 'channels'>;

export const knownNames = (parts: { readonly [K in keyof NamedParts]?: NamedParts[K] | undefined }): KnownNames => ({
  rule: parts.ruleset && new Set(parts.ruleset.rules.map((rule) => rule.id)),
  limit: parts.limits && new Set(parts.limits.limits.map(({ id }) => id)),
  list: parts.lists && new Set(parts.lists.names),
  reason: parts.reasons && new Set(parts.reasons.keys()),
  'method of challenge': parts.channels && new Set(parts.channels.challengeMethods.keys()),
});
