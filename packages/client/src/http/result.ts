import type { Problem } from '../schemas/problem.ts';

/** What every call of the client answers: never thrown, so that no caller forgets the problem. */
export type ApiResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export const success = <T>(value: T): ApiResult<T> => ({ ok: true, value });
export const failure = (problem: Problem): { readonly ok: false; readonly problem: Problem } => ({ ok: false, problem });

/** A problem that the client found itself: nothing answered (status 0), or the answer was not understood. */
export const clientProblem = (code: 'unreachable' | 'bad_answer' | 'aborted', status: number, detail: string, fix: string, cause?: string): Problem => ({
  type: `urn:anchor:problem:${code}`,
  title: { unreachable: 'The server can not be reached', bad_answer: 'The answer was not understood', aborted: 'Stopped' }[code],
  status, detail, code, fix, ...(cause === undefined ? {} : { cause }),
});
