/** Plays a case on one side, and describes its behaviour in words that are the same for equal behaviour. */
import { randomBytes } from 'node:crypto';
import type { HttpResponse } from '../../platform.ts';
import type { Side } from '../compare.ts';
import { serveOutside, type Outside } from '../outside.ts';
import { slugOf, type Case, type Outcome, type Variant } from './cases.ts';

export type Outcomes = Outside &
  Readonly<{
    set(side: string, name: string, outcome: Outcome): void;
    /** All that were given, in order. */
    stamps: readonly string[];
  }>;

/** The current outcomes of each side's pages: the fixture's `source.js` requests them. */
export async function startOutcomes(): Promise<Outcomes> {
  const known = new Map<string, Outcome>();
  const stamps: string[] = [];
  const outside = await serveOutside((request, response) => {
    if (request.url === '/stamp') {
      const stamp = `stamp-${randomBytes(4).toString('hex')}`;
      stamps.push(stamp);
      return void response.end(stamp);
    }
    const outcome = known.get(decodeURIComponent(request.url ?? '/'));
    response.writeHead(outcome === undefined ? 404 : 200).end(outcome);
  });
  return { ...outside, stamps, set: (side, name, outcome) => void known.set(`/${side}/${name}`, outcome) };
}

export type Played = Side &
  Readonly<{
    name: string;
    /** As a browser would send it with a form. */
    origin: string;
    /** A host with a language of its own. */
    domain: string;
  }>;

const POLLS = 12;
const POLL_MS = 100;
const PREFIX = { app: '/a', handler: '/h', pages: '/p' } as const;
const LANGUAGE = { none: 'none', default: 'en', 'named default': 'en', other: 'fr', domain: 'de' } as const;

export async function play(
  side: Played,
  variant: Variant,
  one: Case,
  index: number,
  outcomes: Outcomes,
): Promise<readonly string[]> {
  const slug = slugOf(one, index);
  const { basePath } = variant;
  const language = LANGUAGE[one.locale];
  const name = one.router === 'pages' ? `p-${language}-${slug}` : `${one.router === 'app' ? 'a' : 'h'}-${slug}`;
  const named = one.locale === 'named default' || one.locale === 'other' ? `/${language}` : '';
  const path = `${named}${PREFIX[one.router]}/${slug}`;
  const headers: Record<string, string> = {
    ...(one.requested === 'data' ? { 'x-nextjs-data': '1' } : {}),
    ...(one.locale === 'domain' ? { host: side.domain } : {}),
  };
  const address =
    one.requested === 'data'
      ? `${basePath}/_next/data/${side.buildId}${variant.i18n ? `/${language}` : ''}${PREFIX[one.router]}/${slug}.json`
      : `${basePath}${path}`;
  const look = (): Promise<HttpResponse> => side.request(address, { headers });

  outcomes.set(side.name, name, one.from);
  const [first, second] = [await look(), await look()];
  outcomes.set(side.name, name, one.to);
  const called = await call(side, variant, one, slug, path);
  const seen: HttpResponse[] = [];
  // Only a page shows when it was rendered: a regenerated 404 or redirect looks the same.
  const shows = one.from !== one.to || one.to === 'page';
  for (let i = 0; i < POLLS; i++) {
    seen.push(await look());
    if (!shows) break;
    if (kindOf(seen.at(-1)) === one.to && stampOf(seen.at(-1)) !== stampOf(second)) break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const last = seen.at(-1);
  const normal = (response: HttpResponse | undefined): string => partsOf(response).replaceAll(side.buildId, '<build>');
  return [
    `before: ${normal(first)}`,
    `kept: ${stampOf(first) === stampOf(second) && normal(first) === normal(second)}`,
    `api: ${called}`,
    `after: ${normal(last)}`,
    `regenerated: ${normal(last) !== normal(second) || (stampOf(last) !== stampOf(second) && stampOf(last) !== undefined)}`,
  ];
}

async function call(
  side: Played,
  { basePath }: Variant,
  { router, api, prefixed }: Case,
  slug: string,
  path: string,
): Promise<string> {
  const summaryOf = (response: HttpResponse): string =>
    `${response.status} ${response.body.slice(0, 120).replaceAll(slug, '<slug>')}`;
  const query = (values: Record<string, string>): string => new URLSearchParams(values).toString();
  const tag = `tag-${slug}`;
  switch (api) {
    case 'res.revalidate':
    case 'res.revalidate, generated only':
      return summaryOf(
        await side.request(
          `${basePath}/api/rev-pages?${query({ path: `${prefixed ? basePath : ''}${path}`, ...(api === 'res.revalidate' ? {} : { generated: '1' }) })}`,
        ),
      );
    case 'revalidatePath':
      return summaryOf(await side.request(`${basePath}/api/rev?${query({ path })}`));
    case 'revalidatePath of the route':
      return summaryOf(
        await side.request(`${basePath}/api/rev?${query({ path: `${PREFIX[router]}/[slug]`, type: 'page' })}`),
      );
    case 'revalidatePath of the layout':
      return summaryOf(await side.request(`${basePath}/api/rev?${query({ path: '/', type: 'layout' })}`));
    case 'revalidateTag':
      return summaryOf(await side.request(`${basePath}/api/rev?${query({ tag })}`));
    case 'revalidateTag at once':
      return summaryOf(await side.request(`${basePath}/api/rev?${query({ tag, profile: 'now' })}`));
    case 'action: revalidatePath':
      return String(await act(side, basePath, { path }));
    case 'action: updateTag':
      return String(await act(side, basePath, { tag }));
  }
}

/** Submits the form of a server action, as a browser without JavaScript does. Returns the status. */
async function act(side: Played, basePath: string, values: Readonly<Record<string, string>>): Promise<number> {
  const form = await side.request(`${basePath}/act`);
  const hidden = [...form.body.matchAll(/<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?/g)].map(
    ([, key = '', value = '']) => [key, value.replaceAll('&quot;', '"')] as const,
  );
  const body = [...hidden, ...Object.entries(values)]
    .map(([key, value]) => `--anchor\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`)
    .join('');
  const response = await side.request(`${basePath}/act`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=anchor', origin: side.origin },
    body: `${body}--anchor--\r\n`,
  });
  return response.status;
}

const stampOf = (response: HttpResponse | undefined): string | undefined =>
  /stamp-\w{8}/.exec(response?.body ?? '')?.[0];

function kindOf(response: HttpResponse | undefined): Outcome | undefined {
  if (response === undefined) return undefined;
  if (response.status === 404) return 'gone';
  if (response.status === 307 || response.body.includes('__N_REDIRECT"')) return 'moved';
  return response.status === 200 ? 'page' : undefined;
}

function partsOf(response: HttpResponse | undefined): string {
  if (response === undefined) return 'nothing';
  const { status, headers, body } = response;
  const text =
    /(?:pages|app|handler)[^"]*?stamp-/.exec(body.replaceAll('<!-- -->', ''))?.[0] ??
    (body.startsWith('{') ? body.replace(/stamp-\w{8}/, 'stamp') : '');
  return [
    status,
    headers.location?.replace(/^https?:\/\/[^/]+/, ''),
    String(headers['content-type']).toLowerCase().replace('; ', ';'),
    text.slice(0, 160),
  ]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}
