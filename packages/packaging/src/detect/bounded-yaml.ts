import { parse } from 'yaml';

/** Settings and lists of workspaces nest a few levels, and are short. */
const MAX_DEPTH = 64;
const MAX_LENGTH = 16_384;
/** Keys that start with "?": 512 of them nested, 1 KB, take the parser half a minute. */
const EXPLICIT_KEY = /(?:^|[\s,[{:-])\?(?=\s|$)/gm;

/**
 * Returns some top-level fields of untrusted YAML, without aliases. Only these fields are parsed: the parser takes a
 * second for 64 KB of some texts, on an event loop that all builds share. Empty where it is no mapping, or nests
 * without end.
 */
export function yamlFields(text: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  const whole = text.replace(/^\uFEFF/, '');
  const part = whole.trimStart().startsWith('{') ? whole : names.map((name) => fieldOf(whole, name)).join('');
  if (part.length > MAX_LENGTH || (part.match(EXPLICIT_KEY) ?? []).length > 8 || nestsDeep(part)) return {};
  try {
    const value: unknown = parse(part, { maxAliasCount: 0, logLevel: 'silent' });
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)))
      : {};
  } catch {
    return {};
  }
}

/**
 * Returns the lines of a top-level field: its own, and those that are indented, list items, comments or closing
 * brackets.
 */
function fieldOf(text: string, name: string): string {
  const lines = text.split(/\r?\n/);
  const from = lines.findIndex((line) =>
    ['', '"', "'"].some(
      (quote) =>
        line.startsWith(`${quote}${name}${quote}`) && /^\s*:(?:\s|$)/.test(line.slice(name.length + 2 * quote.length)),
    ),
  );
  if (from === -1) return '';
  const rest = lines.slice(from + 1);
  const end = rest.findIndex((line) => /^(?!- |-$|---)[^\s#\]}]|^---/.test(line));
  return `${[lines[from] ?? '', ...(end === -1 ? rest : rest.slice(0, end))].join('\n')}\n`;
}

function nestsDeep(text: string): boolean {
  let depth = 0;
  for (const bracket of text.matchAll(/[[\]{}]/g)) {
    depth += bracket[0] === '[' || bracket[0] === '{' ? 1 : -1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
