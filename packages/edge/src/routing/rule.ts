import type { Route } from '@anchor/core/artifact/manifest.ts';
import { boundedPattern, type Pattern } from './bounded.ts';
import { Conditions, type Captures } from './condition.ts';

/** A routing rule, ready to match. Paths are matched without regard to case and anywhere, as Next.js does. */
export type Rule = Readonly<{
  pattern: Pattern;
  conditions: Conditions;
  /** Where it sends the visitor, when it is a redirect. */
  redirect?: Readonly<{ status: number; location: string }>;
  /** Headers it adds to the answer. */
  headers: readonly (readonly [name: string, value: string])[];
  /** It changes which page answers. */
  rewrites: boolean;
}>;

/** Undefined for a rule whose expression is not one. */
export function compileRule(route: Route): Rule | undefined {
  let pattern: Pattern;
  try {
    pattern = boundedPattern(route.sourceRegex, 'i');
  } catch {
    return undefined;
  }
  const conditions = new Conditions(route.has, route.missing);
  const entries = Object.entries(route.headers ?? {});
  const status = route.status;
  const to = entries.find(([name]) => name.toLowerCase() === 'location')?.[1] ?? route.destination;
  if (status !== undefined && status >= 300 && status < 400 && to !== undefined) {
    return { pattern, conditions, redirect: { status, location: to }, headers: entries.filter(([name]) => name.toLowerCase() !== 'location'), rewrites: false };
  }
  return { pattern, conditions, headers: entries, rewrites: route.destination !== undefined || status !== undefined };
}

/** Puts captured values for `$1` and `$name`; what was not captured stays as it is written. */
export function substitute(template: string, match: RegExpMatchArray, captures: Captures): string {
  if (!template.includes('$')) return template;
  return template.replace(/(\/?)\$(\d+|[A-Za-z]+)(?=(.?))/g, (written, slash: string, name: string, next: string) => {
    const value = captured(name, match, captures);
    if (value === undefined) return written;
    // A part of a path that nothing was matched for goes with its slash.
    return value === '' && /^[/?#]?$/.test(next) ? '' : slash + value;
  });
}

function captured(name: string, match: RegExpMatchArray, captures: Captures): string | undefined {
  if (/^\d/.test(name)) return Number(name) > 0 && Number(name) < match.length ? (match[Number(name)] ?? '') : undefined;
  if (match.groups !== undefined && Object.hasOwn(match.groups, name)) return match.groups[name] ?? '';
  return captures.get(name);
}

/** A redirect's target with the request's own query kept; the target's own parameters win. */
export function withQuery(location: string, query: string): string {
  if (query === '') return location;
  const hashAt = location.indexOf('#');
  const hash = hashAt === -1 ? '' : location.slice(hashAt);
  const base = hashAt === -1 ? location : location.slice(0, hashAt);
  const mark = base.indexOf('?');
  if (mark === -1) return `${base}?${query}${hash}`;
  const own = new URLSearchParams(base.slice(mark + 1));
  const kept = query.split('&').filter((pair) => pair !== '' && !own.has(nameOf(pair)));
  return kept.length === 0 ? location : `${base}&${kept.join('&')}${hash}`;
}

function nameOf(pair: string): string {
  return [...new URLSearchParams(pair).keys()][0] ?? '';
}
