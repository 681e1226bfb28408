/**
 * Rules of the build's routing tables: which requests they are for, and what they make of them, as `next start` does.
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  conditionsHold,
  decode,
  fillTemplate,
  type Captures,
  type Condition,
  type RequestFacts,
} from '@anchor/protocol/route-rules.ts';
import { isRecord } from '../process/environment.ts';

export type Query = Record<string, string | string[]>;
/** The parts of a request that rules test. `host` without its port. */
export type MatchContext = Readonly<{ query: Query; headers: IncomingHttpHeaders; host: string }>;
export type Rule = Readonly<{
  source: string;
  pattern: RegExp;
  has: readonly Condition<undefined>[];
  missing: readonly Condition<undefined>[];
  destination: string | undefined;
  headers: readonly (readonly [name: string, value: string])[];
  status: number | undefined;
  /** Next's own rule, such as the one for the slash at a path's end: it sees paths without the default locale. */
  internal: boolean;
}>;

/** Compiles rules. `flags`: "i" for the rules of the configuration, nothing for pages and middleware. */
export function compileRules(rules: unknown, flags = ''): Rule[] {
  if (!Array.isArray(rules)) return [];
  return rules.filter(isRecord).map((rule) => ({
    source: text(rule['source']) ?? '',
    pattern: new RegExp(text(rule['sourceRegex']) ?? '(?!)', flags),
    has: conditions(rule['has']),
    missing: conditions(rule['missing']),
    destination: text(rule['destination']),
    headers: isRecord(rule['headers'])
      ? Object.entries(rule['headers']).map(([name, value]) => [name, String(value)] as const)
      : [],
    status: typeof rule['status'] === 'number' ? rule['status'] : undefined,
    internal: rule['priority'] === true,
  }));
}

/** Returns undefined when the rule does not match this path and request. */
export function matchRule(rule: Rule, pathname: string, context: MatchContext): Captures | undefined {
  const match = rule.pattern.exec(pathname);
  if (match === null) return undefined;
  const captures = new Map<string, string>();
  for (let i = 1; i < match.length; i++) captures.set(String(i), match[i] ?? '');
  for (const [name, value] of Object.entries(match.groups ?? {})) captures.set(name, value ?? '');
  return conditionsHold(rule, factsOf(context), undefined, captures) ? captures : undefined;
}

const last = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.at(-1) : value;

const factsOf = ({ query, headers, host }: MatchContext): RequestFacts => ({
  header: (name) => last(headers[name]),
  cookies: headers.cookie,
  query: (name) => (Object.hasOwn(query, name) ? last(query[name]) : undefined),
  host,
});

export const fill = (template: string, captures: Captures): string =>
  fillTemplate(template, (name) => captures.get(name));

/** Fills a destination. Its query is returned apart, decoded; `pathname` keeps its encoding. */
export function fillDestination(destination: string, captures: Captures): Readonly<{ pathname: string; query: Query }> {
  const mark = destination.indexOf('?');
  if (mark === -1) return { pathname: fill(destination, captures) || '/', query: {} };
  const query: Query = {};
  for (const [name, value] of new URLSearchParams(destination.slice(mark + 1).replaceAll('+', '%2B')))
    add(query, fill(name, captures), decode(fill(value, captures)));
  return { pathname: fill(destination.slice(0, mark), captures) || '/', query };
}

export function queryOf(parameters: URLSearchParams): Query {
  const query: Query = {};
  for (const [name, value] of parameters) add(query, name, value);
  return query;
}

export function searchOf(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(query))
    for (const value of Array.isArray(values) ? values : [values]) parameters.append(name, value);
  return parameters.size === 0 ? '' : `?${parameters}`;
}

function add(query: Query, name: string, value: string): void {
  const present = Object.hasOwn(query, name) ? query[name] : undefined;
  const together = present === undefined ? value : [...(Array.isArray(present) ? present : [present]), value];
  Object.defineProperty(query, name, { value: together, enumerable: true, configurable: true, writable: true });
}

function conditions(value: unknown): Condition<undefined>[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((one) => ({
    type: String(one['type']),
    key: text(one['key']) ?? '',
    match: typeof one['value'] === 'string' ? matcher(new RegExp(`^(?:${one['value']})$`)) : undefined,
  }));
}

function matcher(pattern: RegExp): NonNullable<Condition<undefined>['match']> {
  return (value) => {
    const match = pattern.exec(value);
    return match === null ? undefined : (match.groups ?? {});
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
