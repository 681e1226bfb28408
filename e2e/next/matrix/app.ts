/** The files of `e2e/apps/matrix` that differ between its variants. */
import { pairwise, slugOf, type Variant } from './cases.ts';
import { namedRoutes } from './names.ts';

const MIDDLEWARE = `import { NextResponse } from 'next/server';

export default function proxy(request) {
  const { pathname, locale, defaultLocale, basePath, buildId } = request.nextUrl;
  const to = (change) => Object.assign(request.nextUrl.clone(), change);
  switch (pathname) {
    case '/m/json': return Response.json({ pathname, locale, defaultLocale, basePath, url: request.url, built: buildId !== undefined });
    case '/m/rewrite': return NextResponse.rewrite(to({ pathname: '/ssr', search: '?by=rewrite' }));
    case '/m/static': return NextResponse.rewrite(to({ pathname: '/plain' }));
    case '/m/german': return NextResponse.rewrite(to({ pathname: '/ssr', locale: 'de' }));
    case '/m/redirect': return NextResponse.redirect(to({ pathname: '/ssr', search: '?by=redirect' }));
    case '/m/french': return NextResponse.redirect(to({ pathname: '/ssr', locale: 'fr' }));
    default: return NextResponse.next({ headers: { 'x-case-proxy': 'ran' } });
  }
}
export const config = { matcher: ['/a/:path*', '/h/:path*', '/p/:path*', '/m/:path*', '/ssr'] };
`;

/** `domain`: a host whose visitors get German. */
export function filesOf(variant: Variant, domain: string): Record<string, string> {
  const { basePath, i18n, middleware } = variant;
  const built = (router: string): readonly string[] =>
    pairwise(variant).flatMap((one, i) => (one.built && one.router === router ? [slugOf(one, i)] : []));
  return {
    'variant.json': JSON.stringify({
      basePath,
      built: { app: built('app'), handler: built('handler'), pages: built('pages') },
      ...(i18n
        ? {
            i18n: {
              locales: ['en', 'de', 'fr'],
              defaultLocale: 'en',
              domains: [{ domain, defaultLocale: 'de', http: true }],
            },
          }
        : {}),
    }),
    ...(middleware ? { 'proxy.js': MIDDLEWARE } : {}),
    ...(i18n ? {} : namedRoutes()),
  };
}
