import type { Problem } from '../schemas/problem.ts';

/** The result of every call of the client: never thrown, so that no caller forgets the problem. */
export type ApiResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export const success = <T>(value: T): ApiResult<T> => ({ ok: true, value });
export const failure = (problem: Problem): { readonly ok: false; readonly problem: Problem } => ({
  ok: false,
  problem,
});

/** Creates a problem that the client itself found: nothing responded (status 0), or the response was invalid. */
export const clientProblem = (
  code: 'unreachable' | 'bad_answer' | 'aborted',
  status: number,
  detail: string,
  fix: string,
  cause?: string,
): Problem => ({
  type: `urn:anchor:problem:${code}`,
  title: { unreachable: 'The server cannot be reached', bad_answer: 'Invalid response', aborted: 'Stopped' }[code],
  status,
  detail,
  code,
  fix,
  ...(cause === undefined ? {} : { cause }),
});
