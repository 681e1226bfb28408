/** Bytes that a log stores around each line: its number, time, level and step. */
const AROUND = 80;

/**
 * Returns the bytes that a line takes in a log: UTF-8 with JSON's escapes, which make six bytes of a control character.
 */
export function storedBytes(text: string): number {
  let bytes = AROUND + text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c) continue;
    if (code < 0x20) bytes += 5;
    else if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 1;
    else if (code >= 0xd800 && code < 0xdc00 && isLow(text.charCodeAt(i + 1))) {
      bytes += 2; // a pair takes four
      i++;
    } else if (code >= 0xd800 && code < 0xe000) bytes += 5; // alone it is escaped
    else bytes += 2;
  }
  return bytes;
}

const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000;
