/** Rules of the build's routing tables: which requests they are for, and what they make of them, as `next start` does. */
import type { IncomingHttpHeaders } from 'node:http';
import { isRecord } from './environment.ts';

export type Query = Record<string, string | string[]>;
/** What rules ask of a request. `host` without its port. */
export type Asked = Readonly<{ query: Query; headers: IncomingHttpHeaders; host: string }>;
/** What was matched: by number and by name, percent-encoded as in the path. */
export type Captures = ReadonlyMap<string, string>;

type Condition = Readonly<{ type: string; key: string; pattern: RegExp | undefined }>;
export type Rule = Readonly<{
  source: string;
  pattern: RegExp;
  has: readonly Condition[];
  missing: readonly Condition[];
  destination: string | undefined;
  headers: readonly (readonly [name: string, value: string])[];
  status: number | undefined;
  /** Next's own rule, such as the one for the slash at a path's end: it sees paths without the default locale. */
  internal: boolean;
}>;

/** `flags`: "i" for the rules of the configuration, nothing for pages and middleware. */
export function compileRules(rules: unknown, flags = ''): Rule[] {
  if (!Array.isArray(rules)) return [];
  return rules.filter(isRecord).map((rule) => ({
    source: text(rule['source']) ?? '',
    pattern: new RegExp(text(rule['sourceRegex']) ?? '(?!)', flags),
    has: conditions(rule['has']),
    missing: conditions(rule['missing']),
    destination: text(rule['destination']),
    headers: isRecord(rule['headers']) ? Object.entries(rule['headers']).map(([name, value]) => [name, String(value)] as const) : [],
    status: typeof rule['status'] === 'number' ? rule['status'] : undefined,
    internal: rule['priority'] === true,
  }));
}

/** Undefined when the rule is not for this path and request. */
export function matchRule(rule: Rule, pathname: string, asked: Asked): Captures | undefined {
  const match = rule.pattern.exec(pathname);
  if (match === null) return undefined;
  const captures = new Map<string, string>();
  for (let i = 1; i < match.length; i++) captures.set(String(i), match[i] ?? '');
  for (const [name, value] of Object.entries(match.groups ?? {})) captures.set(name, value ?? '');
  return conditionsHold(rule, asked, captures) ? captures : undefined;
}

function conditionsHold({ has, missing }: Rule, asked: Asked, captures: Map<string, string>): boolean {
  return has.every((condition) => holds(condition, asked, captures)) && !missing.some((condition) => holds(condition, asked, undefined));
}

/** Puts captures for `$1` and `$name`; a part of a path that nothing was matched for goes with its slash. */
export function fill(template: string, captures: Captures): string {
  if (!template.includes('$')) return template;
  return template.replace(/(\/?)\$([\w-]+)(?=(.?))/g, (written, slash: string, word: string, next: string) => {
    for (let end = word.length; end > 0; end--) {
      const value = captures.get(word.slice(0, end));
      if (value === undefined) continue;
      const rest = word.slice(end);
      return `${value === '' && rest === '' && /^[/?#]?$/.test(next) ? '' : slash}${value}${rest}`;
    }
    return written;
  });
}

/** A destination with its query apart, decoded; `pathname` keeps its encoding. */
export function fillDestination(destination: string, captures: Captures): Readonly<{ pathname: string; query: Query }> {
  const mark = destination.indexOf('?');
  if (mark === -1) return { pathname: fill(destination, captures) || '/', query: {} };
  const query: Query = {};
  for (const [name, value] of new URLSearchParams(destination.slice(mark + 1).replaceAll('+', '%2B'))) add(query, fill(name, captures), decode(fill(value, captures)));
  return { pathname: fill(destination.slice(0, mark), captures) || '/', query };
}

/** The target's own parameters win; the others of the request are kept. */
export function withQuery(location: string, search: string): string {
  if (search.length < 2) return location;
  const [path = '', hash] = location.split('#', 2);
  const own = new URLSearchParams(path.includes('?') ? path.slice(path.indexOf('?') + 1) : '');
  const kept = search.slice(1).split('&').filter((pair) => pair !== '' && !own.has([...new URLSearchParams(pair).keys()][0] ?? ''));
  const target = kept.length === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${kept.join('&')}`;
  return hash === undefined ? target : `${target}#${hash}`;
}

export function queryOf(parameters: URLSearchParams): Query {
  const query: Query = {};
  for (const [name, value] of parameters) add(query, name, value);
  return query;
}

export function searchOf(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) for (const value of Array.isArray(values) ? values : [values]) parameters.append(name, value);
  return parameters.size === 0 ? '' : `?${parameters}`;
}

function add(query: Query, name: string, value: string): void {
  const present = Object.hasOwn(query, name) ? query[name] : undefined;
  const together = present === undefined ? value : [...(Array.isArray(present) ? present : [present]), value];
  Object.defineProperty(query, name, { value: together, enumerable: true, configurable: true, writable: true });
}

function conditions(value: unknown): Condition[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((one) => ({ type: String(one['type']), key: text(one['key']) ?? '', pattern: typeof one['value'] === 'string' ? new RegExp(`^(?:${one['value']})$`) : undefined }));
}

function holds({ type, key, pattern }: Condition, asked: Asked, captures: Map<string, string> | undefined): boolean {
  const value = valueOf(type, key, asked);
  if (value === undefined || value === '') return false;
  if (pattern === undefined) {
    captures?.set(key, value).set(key.replace(/[^a-zA-Z]/g, ''), value);
    return true;
  }
  const match = pattern.exec(value);
  if (match === null) return false;
  for (const [name, part] of Object.entries(match.groups ?? {})) captures?.set(name, part ?? '');
  return true;
}

function valueOf(type: string, key: string, { query, headers, host }: Asked): string | undefined {
  const last = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.at(-1) : value);
  switch (type) {
    case 'header': return last(headers[key.toLowerCase()]);
    case 'cookie': return cookieOf(headers, key);
    case 'query': return Object.hasOwn(query, key) ? last(query[key]) : undefined;
    case 'host': return host;
    default: return undefined;
  }
}

export function cookieOf({ cookie = '' }: IncomingHttpHeaders, name: string): string | undefined {
  for (const part of cookie.split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return decode(part.slice(at + 1).trim());
  }
  return undefined;
}

/** What is not encoded well stays as it is written. */
export function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
