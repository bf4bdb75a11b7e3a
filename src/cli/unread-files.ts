/** Says that a file of the configuration folder is read by nobody. */
import { didYouMean } from '../domain/did-you-mean.ts';

const TOP_LEVEL = [
  'vigil.yaml',
  'features.yaml',
  'channels.yaml',
  'policy.yaml',
  'reasons.en.yaml',
  'reasons.zh-CN.yaml',
];

/** A file that nobody reads is not in force. */
export function unreadText(name: string): string {
  const suggestion = didYouMean(name, TOP_LEVEL);
  return `nothing reads ${name}${suggestion === undefined ? '' : ` (${suggestion})`}: it is not in force`;
}
