import type { Route } from '@anchor/protocol/artifact/web/rules.ts';
import type { Match } from '@anchor/core/expressions/expression.ts';
import { fillTemplate, type Captures } from '@anchor/protocol/route-rules.ts';
import { Pattern } from './pattern.ts';
import { Conditions } from './conditions.ts';

/** A routing rule, ready to match. Paths are matched without regard to case and anywhere, as Next.js does. */
export type Rule = Readonly<{
  pattern: Pattern;
  conditions: Conditions;
  /** Its target, when it is a redirect. */
  redirect?: Readonly<{ status: number; location: string }>;
  /** Headers it adds to the response. */
  headers: readonly (readonly [name: string, value: string])[];
  /** It changes which page is served. */
  rewrites: boolean;
}>;

/** Returns undefined for a rule with an invalid expression. */
export function compileRule(route: Route): Rule | undefined {
  let pattern: Pattern;
  try {
    pattern = new Pattern(route.sourceRegex, 'i');
  } catch {
    return undefined;
  }
  const conditions = new Conditions(route.has, route.missing);
  const entries = Object.entries(route.headers ?? {});
  const status = route.status;
  const to = entries.find(([name]) => name.toLowerCase() === 'location')?.[1] ?? route.destination;
  if (status !== undefined && status >= 300 && status < 400 && to !== undefined) {
    return {
      pattern,
      conditions,
      redirect: { status, location: to },
      headers: entries.filter(([name]) => name.toLowerCase() !== 'location'),
      rewrites: false,
    };
  }
  return { pattern, conditions, headers: entries, rewrites: route.destination !== undefined || status !== undefined };
}

/**
 * Returns a template with its captures filled in: those of the path by number and name, those of conditions by name.
 */
export function substitute(template: string, match: Match, captures: Captures): string {
  return fillTemplate(template, (name) => captured(name, match, captures));
}

function captured(name: string, { captures: numbered, groups }: Match, captures: Captures): string | undefined {
  if (/^\d+$/.test(name))
    return Number(name) > 0 && Number(name) < numbered.length ? (numbered[Number(name)] ?? '') : undefined;
  return captures.get(name) ?? (groups !== undefined && Object.hasOwn(groups, name) ? (groups[name] ?? '') : undefined);
}
