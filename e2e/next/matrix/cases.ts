/** The properties of a revalidation: every pair of them occurs in a case. */

export type Outcome = 'page' | 'gone' | 'moved';
export type Api =
  | 'res.revalidate'
  | 'res.revalidate, generated only'
  | 'revalidatePath'
  | 'revalidatePath of the route'
  | 'revalidatePath of the layout'
  | 'revalidateTag'
  | 'revalidateTag at once'
  | 'action: revalidatePath'
  | 'action: updateTag';
export type Case = Readonly<{
  router: 'app' | 'handler' | 'pages';
  /** Whether the build rendered the path. */
  built: boolean;
  from: Outcome;
  to: Outcome;
  api: Api;
  /** The language of the path; `domain` has none in it, but a host with a default of its own. */
  locale: 'none' | 'default' | 'named default' | 'other' | 'domain';
  /** The requested kind: the page or, of the Pages Router, its data. */
  requested: 'page' | 'data';
  /** Whether the API gets the path with its basePath. */
  prefixed: boolean;
}>;
export type Variant = Readonly<{ name: string; basePath: string; i18n: boolean; middleware: boolean }>;

const OUTCOMES = ['page', 'gone', 'moved'] as const;
const APIS: readonly Api[] = [
  'res.revalidate',
  'res.revalidate, generated only',
  'revalidatePath',
  'revalidatePath of the route',
  'revalidatePath of the layout',
  'revalidateTag',
  'revalidateTag at once',
  'action: revalidatePath',
  'action: updateTag',
];

function* all({ basePath, i18n }: Variant): Generator<Case> {
  for (const router of ['app', 'handler', 'pages'] as const)
    for (const built of [true, false])
      for (const from of OUTCOMES)
        for (const to of OUTCOMES)
          for (const api of APIS) {
            for (const locale of i18n && router === 'pages'
              ? (['default', 'named default', 'other', 'domain'] as const)
              : (['none'] as const))
              for (const requested of ['page', 'data'] as const)
                for (const prefixed of basePath === '' ? [false] : [true, false]) {
                  const one: Case = { router, built, from, to, api, locale, requested, prefixed };
                  if (exists(one)) yield one;
                }
          }
}

function exists({ router, built, from, to, api, requested, prefixed }: Case): boolean {
  if (router !== 'pages' && requested === 'data') return false;
  if (router === 'handler' && (from === 'moved' || to === 'moved')) return false;
  // The build refuses a redirect of `getStaticProps`, and keeps no 404 of a handler.
  if (built && ((router === 'pages' && from === 'moved') || (router === 'handler' && from === 'gone'))) return false;
  if (router === 'pages' && (api.includes('Tag') || api.startsWith('action'))) return false;
  return !(prefixed && !api.startsWith('res.'));
}

/** Cases in which every pair of two properties' values occurs that can occur at all. */
export function pairwise(variant: Variant): readonly Case[] {
  const candidates = [...all(variant)].map((one) => ({ one, pairs: pairsOf(one) }));
  const open = new Set(candidates.flatMap(({ pairs }) => pairs));
  const chosen: Case[] = [];
  while (open.size > 0) {
    let best = candidates[0];
    let most = 0;
    for (const candidate of candidates) {
      const count = candidate.pairs.reduce((sum, pair) => sum + (open.has(pair) ? 1 : 0), 0);
      if (count > most) [best, most] = [candidate, count];
    }
    if (best === undefined) break;
    chosen.push(best.one);
    for (const pair of best.pairs) open.delete(pair);
  }
  // `next start` never responds again for a missing page of the Pages Router that is revalidated after the root layout
  // was.
  const last = ({ api }: Case): number => Number(api === 'revalidatePath of the layout');
  return chosen.sort((a, b) => last(a) - last(b));
}

function pairsOf(one: Case): readonly string[] {
  const values = Object.entries(one).map(([name, value]) => `${name}=${String(value)}`);
  return values.flatMap((a, i) => values.slice(i + 1).map((b) => `${a} ${b}`));
}

export const describeCase = ({ router, built, from, to, api, locale, requested, prefixed }: Case): string =>
  `${router}${built ? ' prerendered' : ''} ${from}→${to} by ${api}${locale === 'none' ? '' : `, ${locale} locale`}${requested === 'data' ? ', data' : ''}${prefixed ? ', with basePath' : ''}`;

/** Returns a path of its own for each case; its name encodes what the build makes of it. */
export const slugOf = ({ from }: Case, index: number): string => `c${index}${from === 'page' ? '' : `-${from}`}`;
