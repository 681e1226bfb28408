/** Returns whether an If-None-Match header names this entity tag (weak comparison). */
export function noneMatch(header: string, etag: string): boolean {
  if (header === etag) return true;
  if (header.trim() === '*') return true;
  if (!header.includes(etag)) return false;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/** Returns whether an If-Match header allows this entity tag (strong comparison). */
export const ifMatch = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((tag) => tag.trim() === etag);
