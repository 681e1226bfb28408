import type { AnchorError } from '@anchor/core/result/result.ts';
import { printable } from '@anchor/core/names/name.ts';
import type { Problem } from './error-page.ts';

/** Every answer that is the edge's own. */
export const badRequest = (reason: string, status = 400): Problem => ({ status, title: 'This request can not be understood', what: reason, fix: 'Correct the request and send it again.', code: 'bad_request' });

export const unknownHost = (host: string): Problem => ({
  status: 404,
  title: 'No site answers here',
  what: host === '' ? 'The request names no host.' : `No deployment is connected to "${printable(host)}".`,
  fix: 'Check the address for typing errors. If the site is yours: deploy it, or see which addresses it has with "anchor inspect".',
  code: 'host_not_found',
});

export const notFound = (path: string): Problem => ({ status: 404, title: 'This page does not exist', what: `There is nothing at "${printable(path)}" on this site.`, fix: 'Check the address, or start at the home page.', code: 'not_found' });

export const methodNotAllowed = (method: string): Problem => ({ status: 405, title: 'This site only answers GET and HEAD', what: `"${printable(method)}" needs a function, and this deployment has none.`, fix: 'Use GET, or add a server to the project.', code: 'method_not_allowed' });

export const tooLarge = (limit: number): Problem => ({ status: 413, title: 'The request body is too large', what: `A request may carry at most ${Math.floor(limit / 1024 / 1024)} MB here.`, fix: 'Send less at once, or upload straight to object storage.', code: 'too_large' });

export const visitorTimedOut = (ms: number): Problem => ({ status: 408, title: 'The request did not arrive whole', what: `Nothing more of its body came within ${ms / 1000} ${ms === 1000 ? 'second' : 'seconds'}.`, fix: 'Send the request again, without a pause.', code: 'request_timeout' });

export const expectationFailed = (): Problem => ({ status: 417, title: 'Unknown expectation', what: 'Only "100-continue" may be expected.', fix: 'Send the request without the Expect header.', code: 'expectation_failed' });

export const startFailed = (error: AnchorError): Problem => ({
  status: 503,
  title: 'The site could not start',
  what: error.cause === undefined ? error.message : `${error.message} (${printableLong(error.cause)})`,
  fix: `${error.fix} The site's log has more under this request's id.`,
  code: error.code,
});

export const startTimedOut = (seconds: number): Problem => ({ status: 503, title: 'The site is still starting', what: `Its function did not become ready within ${seconds} seconds.`, fix: 'Try again in a moment. If it stays: look into the deployment\'s run-time log for what it waits for.', code: 'function_start_timeout' });

export const functionGone = (cause: string): Problem => ({ status: 502, title: 'The site broke off the answer', what: `Its function closed the connection before it answered (${printable(cause)}).`, fix: 'Try again. If it stays: look into the deployment\'s run-time log for a crash.', code: 'function_crashed' });

export const functionTimedOut = (limitMs: number): Problem => ({
  status: 504,
  title: 'The site took too long',
  what: `Its function sent nothing within ${limitMs / 1000} ${limitMs === 1000 ? 'second' : 'seconds'}, which is the limit of this project.`,
  fix: 'Try again. If it stays: look into the run-time log under this request\'s id for what it waits for. If it needs so long: raise the limit with "anchor projects update --timeout <seconds>" (at most 900) and deploy again.',
  code: 'function_timeout',
});

export const brokenArtifact = (error: AnchorError): Problem => ({ status: 503, title: 'This deployment can not be served', what: error.cause === undefined ? error.message : `${error.message} ${error.cause}`, fix: error.fix, code: error.code });

export const missingBlob = (): Problem => ({ status: 503, title: 'A file of this deployment is missing', what: 'The manifest names it, but its bytes are not in the blob store.', fix: 'Deploy again to write it anew; "anchor doctor" lists what is missing.', code: 'artifact_invalid' });

export const internal = (): Problem => ({ status: 500, title: 'The edge failed', what: 'Something went wrong while this request was answered.', fix: 'Try again. If it stays, report it with the request id.', code: 'internal' });

const printableLong = (text: string): string => text.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 500);
