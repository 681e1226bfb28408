import { describeProblem, type Problem } from './problem.ts';

/**
 * Why a request to a CA failed:
 * - `unreachable`: no response, by the network, TLS or a timeout. Whether the CA acted on the request is unknown.
 * - `problem`: the CA refused; `retryAfterMs` when it said for how long.
 * - `invalid_response`: a response that RFC 8555 does not allow.
 */
export type AcmeError =
  | Readonly<{ kind: 'unreachable'; url: string; detail: string }>
  | Readonly<{ kind: 'problem'; url: string; status: number; problem: Problem; retryAfterMs?: number }>
  | Readonly<{ kind: 'invalid_response'; url: string; detail: string }>;

/** Returns what happened, in words for the cause of an error. */
export function describeAcmeError(error: AcmeError): string {
  if (error.kind === 'problem') return describeProblem(error.problem);
  const host = URL.parse(error.url)?.host ?? error.url;
  return error.kind === 'unreachable' ? `${host} does not respond: ${error.detail}` : `${host}: ${error.detail}`;
}

/** Returns whether the error is a problem of one of these types. */
export const isProblem = (error: AcmeError, ...types: readonly string[]): boolean =>
  error.kind === 'problem' && types.includes(error.problem.type);
