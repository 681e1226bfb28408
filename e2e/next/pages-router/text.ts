import assert from 'node:assert/strict';
import type { Answer } from '../../platform.ts';

/** What the page's heading says. */
export function heading({ status, body }: Pick<Answer, 'status' | 'body'>): string {
  const text = /<h1[^>]*>(.*?)<\/h1>/s.exec(body.replaceAll('<!-- -->', ''))?.[1];
  assert.ok(text !== undefined, `no heading in ${status} ${body.slice(0, 300)}`);
  return text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&#x27;', "'");
}

export const stampOf = (answer: Answer): string => /stamp=(\w+)/.exec(heading(answer))?.[1] ?? assert.fail(`no stamp: ${heading(answer)}`);
export const cookiesOf = ({ headers }: Answer): string[] => [headers['set-cookie'] ?? []].flat();
/** Cookies of an answer as a browser sends them back. */
export const cookieHeader = (answer: Answer): string => cookiesOf(answer).map((cookie) => cookie.split(';')[0] ?? '').join('; ');
export const buildIdOf = ({ body }: Answer): string => /"buildId":"([^"]+)"/.exec(body)?.[1] ?? assert.fail('no build id');
