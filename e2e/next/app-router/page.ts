/** Reads what the fixture's pages show, out of their HTML. */
import assert from 'node:assert/strict';
import type { Site } from '../site.ts';
import { stream, type StreamOptions, type Streamed } from '../client.ts';

export const get = (site: Site, path: string, options: StreamOptions = {}): Promise<Streamed> =>
  stream({ port: site.platform.edgePort, host: site.host }, path, options);

/** The page, which must be there. */
export async function page(site: Site, path: string, options: StreamOptions = {}): Promise<string> {
  const { status, text } = await get(site, path, options);
  assert.equal(status, 200, `${path}: ${text.slice(0, 500)}`);
  return text;
}

export const heading = (html: string): string =>
  unescaped(/<h1[^>]*>(.*?)<\/h1>/s.exec(html)?.[1] ?? assert.fail(`no heading in ${html.slice(0, 800)}`));

export const shown = (html: string, id: string): string =>
  unescaped(
    new RegExp(`data-testid="${id}"[^>]*>(.*?)</`, 's').exec(html)?.[1] ??
      assert.fail(`no ${id} in ${html.slice(0, 800)}`),
  );

export const stampOf = (html: string): string => shown(html, 'stamp');

const unescaped = (html: string): string =>
  html
    .replace(/<!--.*?-->/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
