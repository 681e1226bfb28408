import type { IncomingMessage } from 'node:http';
import type { RouteHas } from '@anchor/core/artifact/manifest.ts';
import { forwarded, REPLACED, type Asker } from '../functions/request-headers.ts';
import { cookieValue } from '../http/headers.ts';
import { boundedPattern, type Pattern } from './bounded.ts';

/** What a rule's conditions can ask of a request. */
export type Asked = Readonly<{
  headers: IncomingMessage['headers']; host: string; query: string;
  /** Where there is one, forwarding headers are what the function will be told, not what the visitor says. */
  exchange?: Asker;
}>;
export type Captures = Map<string, string>;

type Compiled = Readonly<{ value(asked: Asked): string | undefined; whole: Pattern | undefined; text: string | undefined; key: string }>;

/** `has`, `missing` and `bypass` of Next.js. All of `has` must hold and none of `missing`. */
export class Conditions {
  readonly #has: readonly Compiled[];
  readonly #missing: readonly Compiled[];
  readonly empty: boolean;
  /** The answer is not in the request's own bytes alone. */
  readonly asksWho: boolean;

  constructor(has: readonly RouteHas[] = [], missing: readonly RouteHas[] = []) {
    this.#has = has.map(compile);
    this.#missing = missing.map(compile);
    this.asksWho = [...has, ...missing].some(({ type, key }) => type === 'header' && FORWARDING.has((key ?? '').toLowerCase()));
    this.empty = has.length === 0 && missing.length === 0;
  }

  /** The captured values when the conditions hold. Throws TooSlow. */
  match(asked: Asked): Captures | undefined {
    const captures: Captures = new Map();
    for (const condition of this.#has) {
      if (!holds(condition, asked, captures)) return undefined;
    }
    for (const condition of this.#missing) {
      if (holds(condition, asked, undefined)) return undefined;
    }
    return captures;
  }
}

function compile(has: RouteHas): Compiled {
  const key = has.key ?? '';
  const text = has.value;
  return { value: reader(has), whole: pattern(text), text, key: has.type === 'host' ? '' : key.replace(/[^a-zA-Z]/g, '') };
}

/** The whole value must match, as in `next start`. */
function pattern(text: string | undefined): Pattern | undefined {
  try {
    return text === undefined ? undefined : boundedPattern(`^(?:${text})$`);
  } catch {
    return undefined;
  }
}

const FORWARDING = new Set([...REPLACED].filter((name) => name.startsWith('x-') || name === 'forwarded'));
const text = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(', ') : value) || undefined;

function reader(has: RouteHas): (asked: Asked) => string | undefined {
  switch (has.type) {
    case 'header': {
      const key = has.key.toLowerCase();
      if (FORWARDING.has(key)) return ({ headers, exchange }) => (exchange === undefined ? text(headers[key]) : forwarded(exchange, key));
      return ({ headers }) => {
        return text(Object.hasOwn(headers, key) ? headers[key] : undefined);
      };
    }
    case 'cookie':
      return ({ headers }) => cookieValue(headers.cookie, has.key);
    case 'query':
      return ({ query }) => (query === '' ? undefined : (new URLSearchParams(query).get(has.key) ?? undefined) || undefined);
    case 'host':
      return ({ host }) => host;
  }
}

function holds(condition: Compiled, asked: Asked, captures: Captures | undefined): boolean {
  const value = condition.value(asked);
  if (value === undefined) return false;
  const match = condition.whole?.exec(value) ?? null;
  if (condition.text !== undefined && match === null && value !== condition.text) return false;
  if (captures === undefined) return true;
  for (const [name, captured] of Object.entries(match?.groups ?? {})) {
    if (captured !== undefined && captured !== '') captures.set(name, captured);
  }
  if (condition.key !== '') captures.set(condition.key, match?.[0] ?? value);
  return true;
}
