/**
 * The part of a configuration that can change while Vigil runs, as plain files with a hash: what approvals are bound to,
 * what a store keeps, and what another worker can build the same generation from. Names are those inside a configuration
 * folder, so the same content has the same hash wherever it lies.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { ConfigSources } from '../config/read-sources.ts';
import type { SourceFile } from '../domain/config-fault.ts';
import { VigilError } from '../domain/errors.ts';

export interface ConfigContent {
  readonly hash: string;
  readonly files: readonly SourceFile[];
}

const HASH_SLICE = 1 << 20;

export async function contentOf(sources: ConfigSources, breathe: () => Promise<void>): Promise<ConfigContent> {
  const files = contentFiles(sources);
  return { hash: await hashFiles(files, breathe), files };
}

/** Of names and texts in order of their names. */
export async function hashFiles(files: readonly SourceFile[], breathe: () => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  for (const { file, text } of [...files].sort((a, b) => (a.file < b.file ? -1 : 1))) {
    hash.update(`${file}\0${text.length}\0`);
    // 20 MB of lists at once would hold the event loop for 40 ms
    for (let from = 0; from < text.length; from += HASH_SLICE) {
      hash.update(text.slice(from, from + HASH_SLICE), 'utf16le');
      if (from > 0) await breathe();
    }
  }
  return hash.digest('hex');
}

export function contentFiles(sources: ConfigSources): readonly SourceFile[] {
  const { channels, policy, reasons, rules, ruleTests, limits, lists, ownDir } = sources;
  const inside = ({ file, text }: SourceFile): SourceFile => ({
    file: ownDir !== undefined && path.isAbsolute(file) ? path.relative(ownDir, file).split(path.sep).join('/') : file,
    text,
  });
  const all = [channels, policy, reasons.en, reasons['zh-CN'], ...rules, ...ruleTests, ...limits, ...lists];
  return all.map(inside).sort((a, b) => (a.file < b.file ? -1 : 1));
}

/**
 * The same configuration with this content; settings, features and models stay. Files are named as the folder names them,
 * so that the same content has the same versions in decisions, wherever it came from.
 */
export function withContent(sources: ConfigSources, files: readonly SourceFile[]): ConfigSources {
  const named = files.map(({ file, text }) => ({ inside: file, source: { file: nameIn(sources, file), text } }));
  const one = (name: string): SourceFile => {
    const found = named.find(({ inside }) => inside === name);
    if (found === undefined) throw new VigilError('CONFIG_INVALID', `The kept configuration lacks ${name}.`);
    return found.source;
  };
  const matching = (pattern: RegExp): readonly SourceFile[] =>
    named.filter(({ inside }) => pattern.test(inside)).map(({ source }) => source);
  return {
    ...sources,
    channels: one('channels.yaml'),
    policy: one('policy.yaml'),
    reasons: { en: one('reasons.en.yaml'), 'zh-CN': one('reasons.zh-CN.yaml') },
    rules: matching(/^rules\/[^/]+$/),
    ruleTests: matching(/^(rules|limits|lists)\/tests\//),
    limits: matching(/^limits\/(?!tests\/)/),
    lists: matching(/^lists\/(?!tests\/)/),
  };
}

/** The operator's folder names its files in full, the shipped one from inside. */
function nameIn(sources: ConfigSources, file: string): string {
  const { channels, policy, reasons, rules, limits, lists, ownDir } = sources;
  const part = file.split('/')[0];
  const namesakes = [channels, policy, reasons.en, reasons['zh-CN'], ...rules, ...limits, ...lists];
  const isOwn = (name: string): boolean =>
    ownDir !== undefined && path.isAbsolute(name) && path.relative(ownDir, name).split(path.sep)[0] === part;
  return ownDir !== undefined && namesakes.some((source) => isOwn(source.file)) ? path.join(ownDir, file) : file;
}
