import assert from 'node:assert/strict';
import type { HttpResponse } from '../../platform.ts';

/** Returns the page's heading. */
export function heading({ status, body }: Pick<HttpResponse, 'status' | 'body'>): string {
  const text = /<h1[^>]*>(.*?)<\/h1>/s.exec(body.replaceAll('<!-- -->', ''))?.[1];
  assert.ok(text !== undefined, `no heading in ${status} ${body.slice(0, 300)}`);
  return text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&#x27;', "'");
}

export const stampOf = (response: HttpResponse): string =>
  /stamp=(\w+)/.exec(heading(response))?.[1] ?? assert.fail(`no stamp: ${heading(response)}`);
export const cookiesOf = ({ headers }: HttpResponse): string[] => [headers['set-cookie'] ?? []].flat();
/** Returns the cookies of a response as a browser sends them back. */
export const cookieHeader = (response: HttpResponse): string =>
  cookiesOf(response)
    .map((cookie) => cookie.split(';')[0] ?? '')
    .join('; ');
export const buildIdOf = ({ body }: HttpResponse): string =>
  /"buildId":"([^"]+)"/.exec(body)?.[1] ?? assert.fail('no build id');
