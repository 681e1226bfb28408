/**
 * Matches whole header lines: a token, a colon, and text without control characters (RFC 9112, 5; no folding). Linear.
 */
export const HEADER_BLOCK = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;

/** Calls `field` with each line of a block that HEADER_BLOCK matches, in order, until it returns false. */
export function forEachHeader(block: string, field: (name: string, value: string) => boolean): boolean {
  for (let at = 0; at < block.length;) {
    const colon = block.indexOf(':', at);
    const end = block.indexOf('\r\n', colon);
    let from = colon + 1;
    let to = end;
    while (from < to && isBlank(block.charCodeAt(from))) from++;
    while (to > from && isBlank(block.charCodeAt(to - 1))) to--;
    if (!field(block.slice(at, colon), block.slice(from, to))) return false;
    at = end + 2;
  }
  return true;
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;
