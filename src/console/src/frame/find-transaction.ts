/**
 * Finds a transaction by its id alone. The API names a transaction by (channel, id), so every channel is asked, a few at a
 * time; "CHANNEL/id" asks one. Two channels may know the same id: then both are offered.
 */
import { ApiError } from '../api/client.ts';
import { fetchChannels, fetchExplanation } from '../api/endpoints.ts';

const AT_ONCE = 5;

export interface Found {
  readonly channel: string;
  readonly transactionId: string;
}

async function isKnown(channel: string, transactionId: string, signal: AbortSignal): Promise<boolean> {
  try {
    await fetchExplanation(channel, transactionId, signal);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

async function channelsToAsk(text: string, signal: AbortSignal): Promise<readonly Found[]> {
  const codes = (await fetchChannels(signal)).items.map(({ code }) => code);
  const slash = text.indexOf('/');
  const named = codes.find((code) => slash > 0 && code === text.slice(0, slash).toUpperCase());
  return named === undefined
    ? codes.map((channel) => ({ channel, transactionId: text }))
    : [{ channel: named, transactionId: text.slice(slash + 1) }];
}

export async function findTransaction(text: string, signal: AbortSignal): Promise<readonly Found[]> {
  const candidates = await channelsToAsk(text.trim(), signal);
  const found: Found[] = [];
  for (let at = 0; at < candidates.length; at += AT_ONCE) {
    const some = candidates.slice(at, at + AT_ONCE);
    const known = await Promise.all(some.map((one) => isKnown(one.channel, one.transactionId, signal)));
    found.push(...some.filter((_, index) => known[index]));
  }
  return found;
}
