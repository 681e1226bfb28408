import type { Standing } from '../sites/tag-log.ts';

/** When a stored answer was made, and how long it may be used. Milliseconds, times since the epoch; Infinity for no end. */
export type Made = Readonly<{
  /** The page that it is a part of: HTML, RSC payload, segments and data of one render are replaced together. */
  group: string;
  at: number;
  /** From this age on it is to be made anew, and may be used meanwhile. */
  staleAfter: number;
  /** From this age on it may not be used. */
  expireAfter: number;
  /** With that of its group. */
  tags: readonly string[];
  /** Of a partially prerendered page: so many bytes are its shell; 0 when the answer has each visitor's own part in place of what goes on from there. */
  shell?: number;
}>;

/** In the log of tags: every older version of the page has been replaced. The runtime writes it, see page-scope.ts there. */
export const groupTag = (group: string): string => `_A_G_${group}`;

/** By time alone. */
export function standingByAge({ at, staleAfter, expireAfter }: Made, now: number): Standing {
  const age = now - at;
  if (age > expireAfter) return 'expired';
  return age > staleAfter ? 'stale' : 'fresh';
}

const MAX_LENGTH = 16 * 1024;
const MAX_TAGS = 256;
const MAX_NAME = 4096;

/** What a function says of its answer (`x-anchor-entry`), or undefined: it is a project's own code that speaks. */
export function parseMade(header: string, now: number): Made | undefined {
  if (header.length > MAX_LENGTH) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(header);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null || !('g' in said && 'm' in said && 'r' in said && 't' in said)) return undefined;
  const { g: group, m: at, r: revalidate, t: tags } = said;
  const expire = 'e' in said ? said.e : undefined;
  const shell = 'p' in said ? said.p : undefined;
  if (typeof group !== 'string' || group.length > MAX_NAME || typeof at !== 'number' || !(at > 0) || !Array.isArray(tags) || tags.length > MAX_TAGS) return undefined;
  if (revalidate !== false && !(typeof revalidate === 'number' && revalidate > 0)) return undefined;
  if (expire !== undefined && !(typeof expire === 'number' && expire > 0)) return undefined;
  if (shell !== undefined && !(typeof shell === 'number' && Number.isSafeInteger(shell) && shell >= 0)) return undefined;
  const names: string[] = [groupTag(group)];
  for (const tag of tags) {
    if (typeof tag !== 'string' || tag.length > MAX_NAME) return undefined;
    names.push(tag);
  }
  return { group, at: Math.min(at, now), staleAfter: revalidate === false ? Infinity : revalidate * 1000, expireAfter: expire === undefined ? Infinity : expire * 1000, tags: names, ...(shell === undefined ? {} : { shell }) };
}
