/** A parsed `.env` file: names with their values, in order; a duplicate name keeps its last value. */
export type Parsed = Readonly<
  { ok: true; variables: ReadonlyMap<string, string> } | { ok: false; line: number; reason: string }
>;

const NAME = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

/**
 * Parses a `.env` file. Values are literal, nothing is expanded. In 'single' and `back` quotes everything is literal,
 * also over several lines. In "double" quotes \r \t \" \\ \$ are escapes. Without quotes the value ends at the line's
 * end or at white space followed by `#`. Errors name the line.
 */
export function parseEnvFile(text: string): Parsed {
  const source = text.replace(/^\uFEFF/, '');
  const variables = new Map<string, string>();
  let at = 0;
  while (at < source.length) {
    const end = lineEnd(source, at);
    const line = source.slice(at, end);
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) {
      at = end + 1;
      continue;
    }
    const indent = line.length - line.trimStart().length;
    const name = NAME.exec(line.slice(indent));
    if (name?.[1] === undefined)
      return {
        ok: false,
        line: lineNumber(source, at),
        reason: `expected NAME=value, found "${trimmed.slice(0, 40)}"`,
      };
    const start = at + indent + name[0].length;
    const quote = source[start];
    if (start < end && (quote === '"' || quote === "'" || quote === '`')) {
      const quoted = readQuoted(source, start + 1, quote);
      if (quoted === undefined)
        return {
          ok: false,
          line: lineNumber(source, at),
          reason: `the quote ${quote} of ${name[1]} is not closed, or text follows it`,
        };
      variables.set(name[1], quoted.value);
      at = quoted.next;
    } else {
      variables.set(name[1], unquoted(source.slice(start, end)));
      at = end + 1;
    }
  }
  return { ok: true, variables };
}

/**
 * Reads the value up to the closing quote, which is the first one that only white space or a comment follows on its
 * line.
 */
function readQuoted(source: string, from: number, quote: string): { value: string; next: number } | undefined {
  for (let at = from; at < source.length; at++) {
    if (quote === '"' && source[at] === '\\') {
      at += 1;
      continue;
    }
    if (source[at] !== quote) continue;
    const end = lineEnd(source, at);
    if (!/^[ \t\r]*(?:#.*)?$/.test(source.slice(at + 1, end))) continue;
    const raw = source.slice(from, at);
    return {
      value: quote === '"' ? raw.replace(/\\([nrt"\\$])/g, (_, char: string) => ESCAPES[char] ?? char) : raw,
      next: end + 1,
    };
  }
  return undefined;
}

const unquoted = (text: string): string => text.replace(/(^|[ \t])#.*$/, '').trim();
const lineEnd = (source: string, at: number): number => {
  const found = source.indexOf('\n', at);
  return found === -1 ? source.length : found;
};
const lineNumber = (source: string, at: number): number => source.slice(0, at).split('\n').length;
