import type { Asset } from '../static/asset.ts';
import type { Site } from './site.ts';

export type Found = Readonly<{ kind: 'asset'; asset: Asset }> | Readonly<{ kind: 'redirect'; path: string }>;

/** A rule of `trailingSlash` takes the slash from such paths (site-rules.ts): adding it here would make a loop. */
const FILE_LIKE = /\.\w+$/;

/**
 * Finds a page of a site without a function: "/about" is about.html or about/index.html. With `trailingSlash` pages are
 * at "/about/" and the other spelling redirects there. Without it, only a folder with an index keeps its slash.
 */
export function findPage(site: Site, path: string): Found | undefined {
  if (path.endsWith('/')) {
    const index = site.files.get(`${path}index.html`);
    if (index !== undefined) return { kind: 'asset', asset: index };
    if (path === '/') return undefined;
    const bare = path.slice(0, -1);
    const page = site.files.get(`${bare}.html`);
    if (page !== undefined)
      return site.web.trailingSlash ? { kind: 'asset', asset: page } : { kind: 'redirect', path: bare };
    return undefined;
  }
  const page = site.files.get(`${path}.html`) ?? site.files.get(`${path}/index.html`);
  if (page === undefined) return undefined;
  return site.web.trailingSlash && !FILE_LIKE.test(path)
    ? { kind: 'redirect', path: `${path}/` }
    : { kind: 'asset', asset: page };
}
