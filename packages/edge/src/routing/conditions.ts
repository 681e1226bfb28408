import type { IncomingMessage } from 'node:http';
import type { RouteHas } from '@anchor/protocol/artifact/web/rules.ts';
import type { Budget } from '@anchor/core/expressions/match.ts';
import { conditionsHold, type Captures, type Condition, type RequestFacts } from '@anchor/protocol/route-rules.ts';
import { forwardedValue, REPLACED_HEADERS, type ForwardingContext } from '../http1/forwarding.ts';
import { Pattern } from './pattern.ts';

/** The parts of a request that a rule's conditions can test. */
export type RequestView = Readonly<{
  headers: IncomingMessage['headers'];
  host: string;
  query: string;
  /** The remaining budget of the project's expressions. */
  budget: Budget;
  /** With a function, forwarding headers are the ones that it will receive, not those of the client. */
  forwarding?: ForwardingContext;
}>;
/** Evaluates `has`, `missing` and `bypass` of Next.js. All of `has` must hold and none of `missing`. */
export class Conditions {
  readonly #has: readonly Condition<Budget>[];
  readonly #missing: readonly Condition<Budget>[];
  readonly empty: boolean;
  /** The response does not depend on the request's bytes alone. */
  readonly dependsOnClientAddress: boolean;

  constructor(has: readonly RouteHas[] = [], missing: readonly RouteHas[] = []) {
    this.#has = has.map(compile);
    this.#missing = missing.map(compile);
    this.dependsOnClientAddress = has.some(dependsOnClientAddress) || missing.some(dependsOnClientAddress);
    this.empty = has.length === 0 && missing.length === 0;
  }

  /** Returns the captured values when the conditions hold. Throws OverBudget. */
  match(view: RequestView): Captures | undefined {
    const captures = new Map<string, string>();
    const rules = { has: this.#has, missing: this.#missing };
    return conditionsHold(rules, factsOf(view), view.budget, captures) ? captures : undefined;
  }
}

function compile({ type, key, value }: RouteHas): Condition<Budget> {
  return { type, key: type === 'host' ? '' : key, match: value === undefined ? undefined : matcher(value) };
}

function matcher(text: string): Condition<Budget>['match'] {
  try {
    const pattern = new Pattern(`^(?:${text})$`);
    return (value, budget) => {
      const match = pattern.exec(value, budget);
      return match === undefined ? undefined : (match.groups ?? {});
    };
  } catch {
    // Not an expression. A function with such a build does not start and responds to nothing either.
    return (value) => (value === text ? {} : undefined);
  }
}

const FORWARDING = new Set([...REPLACED_HEADERS].filter((name) => name.startsWith('x-') || name === 'forwardedValue'));

/** A condition of what is not in the request's own bytes alone. */
export const dependsOnClientAddress = ({ type, key }: RouteHas): boolean =>
  type === 'header' && FORWARDING.has((key ?? '').toLowerCase());

const text = (value: string | string[] | undefined): string | undefined =>
  (Array.isArray(value) ? value.join(', ') : value) || undefined;

const factsOf = ({ headers, host, query, forwarding }: RequestView): RequestFacts => ({
  header: (name) => {
    if (forwarding !== undefined && FORWARDING.has(name)) return forwardedValue(forwarding, name);
    return text(Object.hasOwn(headers, name) ? headers[name] : undefined);
  },
  cookies: headers.cookie,
  query: (name) => (query === '' ? undefined : new URLSearchParams(query).getAll(name).at(-1)),
  host,
});
