/**
 * Rules of Next's routing tables, evaluated by the edge and by the runtime in one way: `has` and `missing` as
 * `matchHas` does (next/src/shared/lib/router/utils/prepare-destination.ts), captures in destinations, and the query of
 * redirects. Regular expressions are the caller's: the runtime has the engine of V8, the edge one of bounded time.
 */
import { cookieValue } from './cookies.ts';

/** Values by number and by name, percent-encoded as in the request. */
export type Captures = ReadonlyMap<string, string>;

/** Named groups of a match; undefined for a group that took no part. */
export type Groups = Readonly<Record<string, string | undefined>>;

/** One entry of `has` or `missing`. `Budget`: what the caller's expressions need to run. */
export type Condition<Budget> = Readonly<{
  type: 'header' | 'cookie' | 'query' | 'host' | (string & {});
  /** Name of the header, cookie or query parameter; '' for the host. */
  key: string;
  /**
   * Matches the whole value: its named groups, undefined where it does not match. Absent: any value but the empty one.
   */
  match: ((value: string, budget: Budget) => Groups | undefined) | undefined;
}>;

/** The parts of a request that conditions test. */
export type RequestFacts = Readonly<{
  /** Returns a header. `name` is in lower case. */
  header(name: string): string | undefined;
  /** The Cookie header. */
  cookies: string | undefined;
  /** Returns the last value of a parameter, decoded. */
  query(name: string): string | undefined;
  /** Without its port. */
  host: string;
}>;

/** Returns true when all of `has` hold and none of `missing`; adds to `captures` what `has` captures. */
export function conditionsHold<Budget>(
  { has, missing }: Readonly<{ has: readonly Condition<Budget>[]; missing: readonly Condition<Budget>[] }>,
  facts: RequestFacts,
  budget: Budget,
  captures: Map<string, string>,
): boolean {
  return (
    has.every((condition) => holds(condition, facts, budget, captures)) &&
    !missing.some((condition) => holds(condition, facts, budget, undefined))
  );
}

function holds<Budget>(
  { type, key, match }: Condition<Budget>,
  facts: RequestFacts,
  budget: Budget,
  captures: Map<string, string> | undefined,
): boolean {
  const value = valueOf(type, key, facts);
  if (value === undefined || value === '') return false;
  if (match === undefined) {
    // Next drops what is not a letter from the name of a parameter.
    if (key !== '') captures?.set(key, value).set(key.replace(/[^a-zA-Z]/g, ''), value);
    return true;
  }
  const groups = match(value, budget);
  if (groups === undefined) return false;
  if (captures === undefined) return true;
  const named = Object.entries(groups);
  for (const [name, part] of named) captures.set(name, part ?? '');
  if (named.length === 0 && type === 'host') captures.set('host', value);
  return true;
}

function valueOf(type: string, key: string, facts: RequestFacts): string | undefined {
  switch (type) {
    case 'header':
      return facts.header(key.toLowerCase());
    case 'cookie':
      return readCookie(facts.cookies, key);
    case 'query':
      return facts.query(key);
    case 'host':
      return facts.host;
    default:
      return undefined;
  }
}

/** Returns a cookie's decoded value from a Cookie header; undefined when it is not there. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const value = cookieValue(header, name);
  return value === undefined ? undefined : decode(value);
}

/** Decodes a percent-encoded text; returns one that is malformed as it is. */
export function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Names that may be a prefix of a longer word: a project's template must not cost time that grows with its square. */
const MAX_NAME = 64;

/**
 * Replaces `$1` and `$name` by their captures; of several names with the same prefix the longest wins. A name without a
 * capture stays as it is written. A part of a path whose capture is empty is removed with its slash.
 */
export function fillTemplate(template: string, capture: (name: string) => string | undefined): string {
  if (!template.includes('$')) return template;
  return template.replace(/(\/?)\$([\w-]+)(?=(.?))/g, (written, slash: string, word: string, next: string) => {
    for (let end = word.length; end > 0; end = Math.min(end - 1, MAX_NAME)) {
      const value = capture(word.slice(0, end));
      if (value === undefined) continue;
      const rest = word.slice(end);
      const isEmptyPart = value === '' && rest === '' && /^[/?#]?$/.test(next);
      return `${isEmptyPart ? '' : slash}${value}${rest}`;
    }
    return written;
  });
}

/** Returns a redirect's target with the request's query (without "?") added; the target's own parameters win. */
export function withQuery(location: string, query: string): string {
  if (query === '') return location;
  const hashAt = location.indexOf('#');
  const hash = hashAt === -1 ? '' : location.slice(hashAt);
  const base = hashAt === -1 ? location : location.slice(0, hashAt);
  const mark = base.indexOf('?');
  if (mark === -1) return `${base}?${query}${hash}`;
  const own = new URLSearchParams(base.slice(mark + 1));
  const rest = query.split('&').filter((pair) => pair !== '' && !own.has(nameOf(pair)));
  return rest.length === 0 ? location : `${base}&${rest.join('&')}${hash}`;
}

const nameOf = (pair: string): string => [...new URLSearchParams(pair).keys()][0] ?? '';
