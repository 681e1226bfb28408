import type { z } from 'zod';
import type { Endpoint } from '../endpoints/endpoint.ts';

type Flat = Readonly<Record<string, unknown>>;
export type SplitInput = Readonly<{ path: string; body: Flat; content: unknown }>;

const keysOf = (schema: z.ZodObject | undefined): readonly string[] =>
  schema === undefined ? [] : Object.keys(schema.shape);

/** Distributes a flat input over the path, the query and the body of an endpoint. */
export function splitInput(endpoint: Endpoint, input: Flat): SplitInput {
  const used = new Set<string>(['content']);
  let path: string = endpoint.path;
  for (const key of keysOf(endpoint.params)) {
    used.add(key);
    path = path.replace(`{${key}}`, encodeURIComponent(String(input[key])));
  }
  const query = new URLSearchParams();
  for (const key of keysOf(endpoint.query)) {
    used.add(key);
    if (input[key] !== undefined) query.set(key, String(input[key]));
  }
  const body = Object.fromEntries(
    Object.entries(input).filter(([key, value]) => !used.has(key) && value !== undefined),
  );
  const search = query.toString();
  return { path: search === '' ? path : `${path}?${search}`, body, content: input['content'] };
}
