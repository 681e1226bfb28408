import type { IncomingMessage } from 'node:http';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/**
 * Refuses a change that a page of another origin sent. `SameSite` does not: sites on other ports of the same host are
 * the same site. A program without a cookie sends neither header; with a cookie (`strict`) one of them is required.
 */
export function checkSameOrigin({ headers }: IncomingMessage, strict: boolean): Result<void> {
  const { origin, host = '', 'sec-fetch-site': site } = headers;
  const same =
    origin !== undefined
      ? hostOf(origin) === host.toLowerCase()
      : site === undefined
        ? !strict
        : site === 'same-origin';
  return same
    ? ok(undefined)
    : fail(
        'forbidden',
        'This request comes from a page of another origin',
        'Open the platform at its own address; a program uses a token: anchor tokens create.',
        `Origin: ${(origin ?? 'none').slice(0, 100)}`,
      );
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
