/** Ids keep their head and their tail, which people compare; the middle is left out. */
export function truncateMiddle(id: string, maxLength: number): string {
  const characters = [...id];
  if (characters.length <= maxLength) return id;
  const kept = Math.max(maxLength - 1, 2);
  const tail = Math.floor(kept / 2);
  return `${characters.slice(0, kept - tail).join('')}…${characters.slice(characters.length - tail).join('')}`;
}
