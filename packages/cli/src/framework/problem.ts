import type { Problem } from '@anchor/client/schemas/problem.ts';

/** Creates an error of the command line itself: what happened, what to do about it, and why when it is known. */
export const commandError = (
  code: 'usage' | 'unauthenticated' | 'not_found' | 'conflict' | 'failed',
  detail: string,
  fix: string,
  cause?: string,
): { readonly ok: false; readonly problem: Problem } => ({
  ok: false,
  problem: {
    type: `urn:anchor:problem:${code}`,
    title: detail,
    status: 0,
    detail,
    code,
    fix,
    ...(cause === undefined ? {} : { cause }),
  },
});
