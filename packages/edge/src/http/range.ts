export type RangeResult = Readonly<
  { kind: 'whole' } | { kind: 'part'; start: number; end: number } | { kind: 'unsatisfiable' }
>;

const WHOLE: RangeResult = { kind: 'whole' };

/**
 * Parses a Range header for `size` bytes; `end` is inclusive. A header that is invalid or names several ranges selects
 * the whole (RFC 9110, 14.2 allows a server to ignore it). Never throws.
 */
export function parseRange(header: string | undefined, size: number): RangeResult {
  if (header === undefined) return WHOLE;
  const match = /^bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header);
  if (match === null) return WHOLE;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return WHOLE;
  if (first === '') {
    const suffix = Number(last);
    if (suffix === 0 || size === 0) return { kind: 'unsatisfiable' };
    return { kind: 'part', start: Math.max(0, size - suffix), end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Number(last);
  if (last !== '' && end < start) return WHOLE;
  if (start >= size) return { kind: 'unsatisfiable' };
  return { kind: 'part', start, end: Math.min(end, size - 1) };
}
