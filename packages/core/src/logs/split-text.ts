/** The most that one log line holds, in UTF-8 bytes. */
export const MAX_LINE_BYTES = 64 * 1024;

/** Splits a text into parts of at most `max` UTF-8 bytes, never inside a character. Returns at least one part. */
export function splitText(text: string, max: number = MAX_LINE_BYTES): readonly string[] {
  // No UTF-16 unit needs more than three bytes.
  if (text.length * 3 <= max) return [text];
  const parts: string[] = [];
  let bytes = 0;
  let start = 0;
  let end = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const width = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes + width > max) {
      parts.push(text.slice(start, end));
      start = end;
      bytes = 0;
    }
    end += char.length;
    bytes += width;
  }
  parts.push(text.slice(start));
  return parts;
}
