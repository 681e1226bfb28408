import type { AnchorError } from '@anchor/core/result/result.ts';
import { printable } from '@anchor/core/names/name.ts';
import type { Problem } from './error-page.ts';

/** Every response that the edge itself produces. */
export const badRequest = (reason: string, status = 400): Problem => ({
  status,
  title: 'Invalid request',
  what: reason,
  fix: 'Correct the request and send it again.',
  code: 'bad_request',
});

export const malformed = (): Problem => ({
  status: 400,
  title: 'Bad Request',
  what: 'This is not an HTTP request.',
  fix: 'Correct the request and send it again.',
  code: 'bad_request',
});

export const headTooLarge = (): Problem => ({
  status: 431,
  title: 'Request Header Fields Too Large',
  what: 'The request has too many or too large headers. The usual reason is cookies.',
  fix: 'Delete the cookies of this site in the browser and reload the page.',
  code: 'head_too_large',
});

export const headTooSlow = (): Problem => ({
  status: 408,
  title: 'Request Timeout',
  what: 'The request headers did not arrive in time.',
  fix: 'Send the request again, without a pause.',
  code: 'request_timeout',
});

export const unknownHost = (host: string): Problem => ({
  status: 404,
  title: 'No site at this address',
  what: host === '' ? 'The request names no host.' : `No deployment is connected to "${printable(host)}".`,
  fix: 'Check the address for typing errors. If the site is yours, deploy it, or list its addresses with "anchor projects inspect".',
  code: 'host_not_found',
});

export const misdirected = (host: string): Problem => ({
  status: 421,
  title: 'This connection is not for this address',
  what: `The certificate of the connection is not for "${printable(host)}".`,
  fix: 'Open a new connection for it, as browsers do by themselves.',
  code: 'misdirected_request',
});

export const notFound = (path: string): Problem => ({
  status: 404,
  title: 'This page does not exist',
  what: `There is nothing at "${printable(path)}" on this site.`,
  fix: 'Check the address, or open the home page.',
  code: 'not_found',
});

export const methodNotAllowed = (method: string): Problem => ({
  status: 405,
  title: 'This site only supports GET and HEAD',
  what: `"${printable(method)}" needs a server, and this site has none.`,
  fix: 'Use GET, or add a server to the project.',
  code: 'method_not_allowed',
});

export const tooLarge = (limit: number): Problem => ({
  status: 413,
  title: 'The request body is too large',
  what: `A request may carry at most ${Math.floor(limit / 1024 / 1024)} MB here.`,
  fix: 'Send less at once, or upload directly to object storage.',
  code: 'too_large',
});

export const visitorTimedOut = (ms: number): Problem => ({
  status: 408,
  title: 'The request was incomplete',
  what: `No more of the request body arrived within ${ms / 1000} ${ms === 1000 ? 'second' : 'seconds'}.`,
  fix: 'Send the request again, without a pause.',
  code: 'request_timeout',
});

export const expectationFailed = (): Problem => ({
  status: 417,
  title: 'Unknown expectation',
  what: 'Only "100-continue" may be expected.',
  fix: 'Send the request without the Expect header.',
  code: 'expectation_failed',
});

/**
 * The developers of the site find the details under the request's id. Visitors learn nothing of how the site is built
 * or where it runs.
 */
const LATER = 'Retry in a moment. If the site is yours, check its runtime log for this request id.';

export const startFailed = (error: AnchorError): Problem => ({
  status: 503,
  title: 'The site is not available',
  what: 'The application could not be started.',
  fix: LATER,
  code: error.code,
  detail: describe(error),
});

export const startTimedOut = (seconds: number): Problem => ({
  status: 503,
  title: 'The site is still starting',
  what: `The application did not become ready within ${seconds} seconds.`,
  fix: LATER,
  code: 'function_start_timeout',
  detail: `The function did not become ready within ${seconds} seconds`,
});

export const functionGone = (cause: string): Problem => ({
  status: 502,
  title: 'Bad gateway',
  what: 'The application closed the connection before it responded.',
  fix: LATER,
  code: 'function_crashed',
  detail: `The function closed the connection before its response was complete: ${printableLong(cause)}`,
});

export const functionTimedOut = (limitMs: number): Problem => ({
  status: 504,
  title: 'The site took too long',
  what: `The application did not respond within ${limitMs / 1000} ${limitMs === 1000 ? 'second' : 'seconds'}.`,
  fix: LATER,
  code: 'function_timeout',
  detail: `The function did not respond within ${limitMs / 1000} s, the limit of this project: see what it waits for, or raise the limit with "anchor projects update --timeout <seconds>" (at most 900) and deploy again`,
});

export const brokenArtifact = (error: AnchorError): Problem => ({
  status: 503,
  title: 'The site is not available',
  what: 'This deployment cannot be served.',
  fix: LATER,
  code: error.code,
  detail: describe(error),
});

export const missingFile = (): Problem => ({
  status: 503,
  title: 'The file is not available',
  what: 'It belongs to this site, but cannot be loaded at the moment.',
  fix: LATER,
  code: 'artifact_invalid',
  detail: 'A file of this deployment is missing on the platform: run "anchor doctor", then deploy again',
});

export const tooManyInflight = (): Problem => ({
  status: 503,
  title: 'The site is too busy',
  what: 'It has too many requests in flight.',
  fix: LATER,
  code: 'too_many_requests',
  detail:
    'The project has as many requests and WebSockets in flight as one may have (./up --project-inflight): see what they wait for',
});

export const rulesTookTooLong = (): Problem => ({
  status: 503,
  title: 'Routing took too long',
  what: 'The routing rules of this site exceeded their time limit for this address.',
  fix: 'Retry in a moment.',
  code: 'rules_too_slow',
});

export const internal = (): Problem => ({
  status: 500,
  title: 'Internal error',
  what: 'The server failed to process this request.',
  fix: 'Retry. If it fails again, report it with the request id.',
  code: 'internal',
});

/** The function's own output is in its log already. */
const describe = ({ message, cause }: AnchorError): string =>
  `${message}${cause === undefined || /^It (?:wrote|failed)\b/.test(cause) ? '' : ` (${printableLong(cause)})`}`;

const printableLong = (text: string): string => text.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 500);
