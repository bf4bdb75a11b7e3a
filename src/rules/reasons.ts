/**
 * The one dictionary of reason codes: config/reasons.en.yaml and config/reasons.zh-CN.yaml hold the same codes, each
 * `CODE: text`. A code that stands in only one of them is a fault, as is a code that Vigil itself needs and that is missing.
 */
import type { ConfigFault, SourceFile } from '../domain/config-fault.ts';
import type { BilingualText, Reason } from '../domain/decision.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type DocumentNode, readDocument } from './documents/document-reader.ts';

export type ReasonDictionary = ReadonlyMap<string, BilingualText>;

/** Codes that the engine gives by itself, without a rule, limit or list that names them. */
export const ENGINE_REASONS = [
  'MODEL_SCORE',
  'RULE_NOT_EVALUATED',
  'NO_USABLE_CHALLENGE',
  'INPUT_REFUSED',
  'STATIC_LIMIT',
  'DEGRADED',
] as const;
export type EngineReason = (typeof ENGINE_REASONS)[number];

const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

interface Language {
  readonly texts: ReadonlyMap<string, string>;
  readonly nodes: ReadonlyMap<string, DocumentNode>;
  readonly faults: readonly ConfigFault[];
  missing(code: string, message: string, suggestion?: string): void;
}

function readLanguage(source: SourceFile): Language {
  const reader = readDocument(source);
  const texts = new Map<string, string>();
  const nodes = new Map<string, DocumentNode>();
  for (const { key, value } of reader.root === undefined ? [] : (reader.entries(reader.root) ?? [])) {
    if (!CODE.test(key)) reader.fault(value, `"${key}" is no code: capitals, digits and "_"`);
    const text = reader.text(value, { maxLength: 300 });
    nodes.set(key, value);
    texts.set(key, text ?? '');
  }
  return {
    texts,
    nodes,
    faults: reader.faults,
    missing: (code, message, suggestion) =>
      reader.fault(nodes.get(code) ?? reader.root ?? { path: [], value: null }, message, suggestion),
  };
}

export interface ReasonSources {
  readonly en: SourceFile;
  readonly 'zh-CN': SourceFile;
}

export function loadReasons(sources: ReasonSources): Result<ReasonDictionary, readonly ConfigFault[]> {
  const english = readLanguage(sources.en);
  const chinese = readLanguage(sources['zh-CN']);
  const crossCheck = (from: Language, other: Language, language: string): void => {
    for (const code of from.texts.keys())
      if (!other.texts.has(code))
        from.missing(code, `${code} has no ${language} text`, didYouMean(code, other.texts.keys()));
  };
  crossCheck(english, chinese, 'Chinese');
  crossCheck(chinese, english, 'English');
  for (const code of ENGINE_REASONS)
    if (!english.texts.has(code) && !chinese.texts.has(code))
      english.missing(code, `${code} is missing: the engine gives it`);
  const faults = [...english.faults, ...chinese.faults];
  if (faults.length > 0) return err(faults);
  return ok(new Map([...english.texts].map(([code, en]) => [code, { en, 'zh-CN': chinese.texts.get(code) ?? '' }])));
}

/** A code without a text cannot pass the checks at load; if it does, the code itself is shown rather than nothing. */
export function reasonOf(dictionary: ReasonDictionary, code: string): Reason {
  return { code, text: dictionary.get(code) ?? { en: code, 'zh-CN': code } };
}
