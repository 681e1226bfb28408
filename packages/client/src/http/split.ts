import type { Operation } from '../endpoints/operation.ts';

type Flat = Readonly<Record<string, unknown>>;
export type SplitInput = Readonly<{ path: string; body: Flat; content: unknown }>;

/** Distributes a flat input over the path, the query and the body of a request. */
export function splitInput(operation: Operation, input: Flat): SplitInput {
  const used = new Set<string>(['content']);
  let { path } = operation;
  for (const key of operation.params) {
    used.add(key);
    path = path.replace(`{${key}}`, segmentOf(String(input[key])));
  }
  const query = new URLSearchParams();
  for (const key of operation.query) {
    used.add(key);
    if (input[key] !== undefined) query.set(key, String(input[key]));
  }
  const body = Object.fromEntries(
    Object.entries(input).filter(([key, value]) => !used.has(key) && value !== undefined),
  );
  const search = query.toString();
  return { path: search === '' ? path : `${path}?${search}`, body, content: input['content'] };
}

/**
 * Encodes a part of a path. URLs resolve `..` even when it is encoded, so that the metrics of a project `..` would be
 * those of all, and a request to end another's sessions would end one's own: it is sent as a name that nothing has.
 */
const segmentOf = (value: string): string =>
  /^\.{1,2}$/.test(value) ? value.replaceAll('.', '%252E') : encodeURIComponent(value);
