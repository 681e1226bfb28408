import { statusOf, titleOf } from '@anchor/client/schemas/status-of.ts';
import type { Problem, ProblemCode } from '@anchor/client/schemas/problem.ts';
import type { AnchorError, ErrorCode } from '@anchor/core/result/result.ts';

/** An error of a use case, with what only HTTP needs to know. */
export type HttpError = AnchorError & Readonly<{ errors?: Problem['errors']; retryAfterSeconds?: number }>;

// The contract lists the codes by itself, since it imports nothing; this line fails to compile when the two lists
// differ.
const sameCodes: [ErrorCode] extends [ProblemCode] ? ([ProblemCode] extends [ErrorCode] ? true : never) : never = true;
void sameCodes;

/** Returns the RFC 9457 problem details of an error; `instance` is the request id. */
export const problemOf = (error: HttpError, instance: string): Problem => ({
  type: `urn:anchor:problem:${error.code}`,
  title: titleOf(error.code),
  status: statusOf(error.code),
  detail: error.message,
  code: error.code,
  fix: error.fix,
  instance,
  ...(error.cause === undefined ? {} : { cause: error.cause }),
  ...(error.errors === undefined ? {} : { errors: error.errors }),
});

/** Returns the headers that go with a problem. */
export function problemHeaders(error: HttpError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (error.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer realm="anchor"';
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds);
  return headers;
}
