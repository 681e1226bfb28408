export type Entry = { name: string; text: string; at: number };

export const COOKIE = 'guestbook';
export const MAX_ENTRIES = 5;
export const MAX_NAME = 40;
export const MAX_TEXT = 140;

/** Reads the visitor's own entries from the cookie. It comes from outside, so anything unexpected is left out. */
export function parseEntries(cookie: string | undefined): Entry[] {
  if (cookie === undefined) return [];
  try {
    const value: unknown = JSON.parse(cookie);
    return Array.isArray(value) ? value.filter(isEntry).slice(0, MAX_ENTRIES) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<keyof Entry, unknown>>;
  return typeof entry.name === 'string' && typeof entry.text === 'string' && typeof entry.at === 'number';
}
