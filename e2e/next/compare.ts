/**
 * Sends the same request to a deployed site and to `next start` of the same app. Compares the parts of the two
 * responses that must be equal.
 */
import type { HttpResponse, RequestOptions } from '../platform.ts';

export type ComparedRequest = Readonly<
  RequestOptions & {
    /** `<build>` is replaced by each side's build id. */
    path: string;
    /** Explained differences, by the part's name. An explanation without a difference is an error too. */
    differs?: Readonly<Record<string, string>>;
    /** The body is not compared: it holds what is random or of one build. */
    anyBody?: boolean;
  }
>;

export type Side = Readonly<{
  buildId: string;
  request(path: string, options?: RequestOptions): Promise<HttpResponse>;
}>;

/** Headers that describe a response; those of the transport and of the platform are not among them. */
const COMPARED = ['location', 'content-type', 'set-cookie', 'cache-control', 'vary', 'allow', 'link'];
const compared = (name: string): boolean =>
  COMPARED.includes(name) || /^x-(?:middleware|nextjs|from|proxy|edge|case)/.test(name);

/** Differences that are correct everywhere. */
const EVERYWHERE: Readonly<Record<string, string>> = {
  'x-nextjs-deployment-id': 'only a deployment has an id',
  'x-nextjs-prerender': 'says which kind of page it is to a cache; the edge is that cache',
  'x-nextjs-stale-time': 'the same',
  'x-nextjs-cache': 'the edge sets x-anchor-cache on what it serves by itself; the caching tests compare this one',
};

/**
 * Sends the request to both. Returns a line for each unexplained difference, and for each explanation without a
 * difference.
 */
export async function compare(
  site: Side,
  reference: Side,
  { path, differs = {}, anyBody = false, ...options }: ComparedRequest,
): Promise<readonly string[]> {
  const partsFrom = async (side: Side): Promise<Record<string, string>> => {
    const sent =
      options.headers === undefined
        ? options
        : {
            ...options,
            headers: Object.fromEntries(
              Object.entries(options.headers).map(([name, value]) => [name, value.replaceAll('<build>', side.buildId)]),
            ),
          };
    return partsOf(await side.request(path.replaceAll('<build>', side.buildId), sent), side.buildId, anyBody);
  };
  const [ours, theirs] = await Promise.all([partsFrom(site), partsFrom(reference)]);
  const lines: string[] = [];
  const what = `${options.method ?? 'GET'} ${path}${options.headers === undefined ? '' : ` ${JSON.stringify(options.headers)}`}`;
  for (const part of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const equal = ours[part] === theirs[part];
    if (equal && part in differs) lines.push(`${what}: ${part} is equal now: ${ours[part]}`);
    if (!equal && !(part in differs)) lines.push(`${what}: ${part} is ${apart(ours[part], theirs[part])}`);
  }
  return lines;
}

/** Sends every request to both, in order. Returns a line for each difference that is not explained. */
export async function compareAll(
  site: Side,
  reference: Side,
  requests: readonly ComparedRequest[],
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const one of requests) lines.push(...(await compare(site, reference, one)));
  return lines;
}

function partsOf({ status, headers, body }: HttpResponse, buildId: string, anyBody: boolean): Record<string, string> {
  const parts: Record<string, string> = { status: String(status) };
  const redirects = status >= 300 && status < 400;
  for (const [name, value] of Object.entries(headers)) {
    // Headers of the configuration are set on redirects too, as on Vercel; `next start` leaves them out there.
    if (redirects && name.startsWith('x-from')) continue;
    if (compared(name) && !(name in EVERYWHERE))
      parts[name] = normal(Array.isArray(value) ? [...value].sort().join(' | ') : String(value), buildId);
  }
  // What `next start` sends to shared caches is meant for the edge, which does not pass it on: browsers revalidate.
  if (/^s-maxage=|^public, max-age=0/.test(parts['cache-control'] ?? 'public, max-age=0'))
    delete parts['cache-control'];
  const vary = (parts['vary'] ?? '')
    .toLowerCase()
    .split(/,\s*/)
    .filter((name) => name !== '' && name !== 'accept-encoding' && !RSC_VARY.has(name))
    .sort()
    .join(', ');
  if (vary === '') delete parts['vary'];
  else parts['vary'] = vary;
  if (parts['content-type'] !== undefined)
    parts['content-type'] = parts['content-type'].toLowerCase().replace('; ', ';');
  // A redirect's text is for clients of another time.
  if (!anyBody && !redirects) parts['body'] = normal(pageOf(body), buildId);
  return parts;
}

/** Next names these for App Router pages; some of them for every page of an app. */
const RSC_VARY = new Set([
  'rsc',
  'next-router-state-tree',
  'next-router-prefetch',
  'next-router-segment-prefetch',
  'next-url',
]);

/**
 * Of a page only the visible part counts, and of one of the Pages Router its data: the rest names the files of one
 * build.
 */
function pageOf(body: string): string {
  const data = /<script id="__NEXT_DATA__"[^>]*>(.*?)<\/script>/s.exec(body)?.[1];
  if (data === undefined)
    return body.startsWith('<!DOCTYPE html>')
      ? body
          .replace(/ data-dpl-id="[^"]*"/, '')
          .replace(/<script\b.*?<\/script>|<link\b[^>]*>|<template\b.*?<\/template>|<!--.*?-->/gs, '')
      : body;
  // Data about how a page was rendered differs between the build's version and a later one.
  const { scriptLoader: _, isExperimentalCompile: _made, ...rest } = JSON.parse(data) as Record<string, unknown>;
  const text = /<div id="__next">(.*?)<script/s.exec(body)?.[1] ?? '';
  const html = /<html([^>]*)>/.exec(body)?.[1]?.replace(/ data-dpl-id="[^"]*"/, '') ?? '';
  return JSON.stringify({ html, text: text.replaceAll('<!-- -->', ''), ...rest });
}

/** Without what is of one build, one port or one deployment. */
function normal(text: string, buildId: string): string {
  if (text.length > 200_000) return text;
  return text
    .replaceAll(buildId, '<build>')
    .replace(/(?:[\w-]{1,63}\.)?localhost:\d+/g, 'localhost:<port>')
    .replace(/(?:\?|&amp;|&|\\u0026)dpl=[\w-]+/g, '')
    .replace(/stamp=\w+|"stamp":"\w+"/g, 'stamp')
    .replace(/\/_next\/static\/(?:immutable\/)?[^"'\s<>\\)]+/g, '/_next/static/<file>')
    .replace(/%2F_next%2Fstatic%2F(?:immutable%2F)?/g, '%2F_next%2Fstatic%2F')
    .replace(/__prerender_bypass=\w+/g, '__prerender_bypass=<secret>')
    .replace(/__next_preview_data=[\w.-]+/g, '__next_preview_data=<secret>');
}

/** Where they part, and a little of what follows. */
function apart(ours: string | undefined, theirs: string | undefined): string {
  if (ours === undefined || theirs === undefined) return `${short(ours)}, next start: ${short(theirs)}`;
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at++;
  const from = Math.max(0, at - 30);
  return `${short(ours.slice(from))}, next start: ${short(theirs.slice(from))}`;
}

const short = (value: string | undefined): string =>
  value === undefined ? 'absent' : JSON.stringify(value.length > 300 ? `${value.slice(0, 300)}…` : value);
