/** Returns the line (from 1) of the first conflict that a merge left in a text; undefined without one. */
export function conflictLine(text: string): number | undefined {
  const start = /^<{7}(?: .*)?\r?$/m.exec(text)?.index;
  if (start === undefined) return undefined;
  const rest = text.slice(start);
  if (!/^={7}\r?$/m.test(rest) || !/^>{7}(?: .*)?\r?$/m.test(rest)) return undefined;
  return text.slice(0, start).split('\n').length;
}
