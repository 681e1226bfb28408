import { posix } from 'node:path';
import { readInTree } from '../checkout/checkout-fs.ts';
import type { BuiltServer } from '../detect/frameworks.ts';
import { walkOutput } from './walk.ts';

/** A base path that a manifest may have: at most some folders of plain names. */
const BASE = /^(?:\/[\w.~-]{1,100}){1,8}$/;
/** Files of a page, as its tool writes them: from the root of the host. */
const REFERENCE = /<(?:script|link|img)\b[^<>]*?\s(?:src|href)=["']?(\/(?!\/)[^"'\s>?#]+\.\w+)/gi;
const BASE_ELEMENT = /<base\b[^<>]*?\shref=["']?(\/(?!\/)[^"'\s>?#]*)/i;
const MAX_REFERENCES = 50;
/** Of a server's own code. Its size is bounded: configuration is near the entry. */
const MAX_FILES = 300;
const MAX_BYTES = 8 << 20;

/**
 * Where the configuration of a framework is in the code that it writes: Nuxt, Astro, React Router and Remix. Each is
 * text that the framework writes itself.
 */
const CONFIGURED: readonly RegExp[] = [
  /["']?app["']?:\s*\{\s*["']?baseURL["']?:\s*["'](\/[^"']*)["']/,
  /\\?"base\\?":\\?"(\/[^"\\]*)\\?",\\?"trailingSlash\\?"/,
  /\b(?:const|var|let) basename = ["'](\/[^"']*)["']/,
];

/**
 * Returns the path below which the pages of a site request their files (`base` of Vite, `pathPrefix`, `homepage`), ''
 * for none. Only what is certain: a file that the page requests is in the output below another path alone.
 */
export function basePathOfPage(html: string, has: (url: string) => boolean): string {
  const element = BASE_ELEMENT.exec(html)?.[1];
  if (element !== undefined) return valid(element);
  let base: string | undefined;
  for (const [, url = ''] of [...html.matchAll(REFERENCE)].slice(0, MAX_REFERENCES)) {
    if (has(url)) return '';
    const prefix = prefixOf(url, has);
    if (prefix === undefined) continue;
    if (base !== undefined && base !== prefix) return '';
    base = prefix;
  }
  return valid(base ?? '');
}

/** Returns the shortest start of an address without which it is a file of the output. */
function prefixOf(url: string, has: (url: string) => boolean): string | undefined {
  for (let at = url.indexOf('/', 1); at !== -1; at = url.indexOf('/', at + 1))
    if (has(url.slice(at))) return url.slice(0, at);
  return undefined;
}

/** Returns the path below which a framework's server serves its site, '' for none or an unknown one. */
export async function basePathOfServer(root: string, project: string, built: BuiltServer): Promise<string> {
  const at = (path: string): string => posix.normalize(posix.join(project === '' ? '.' : project, path));
  // SvelteKit writes its files below the base.
  if (built.assets !== undefined)
    for (const { relative } of await walkOutput(root, at(built.assets))) {
      const found = /^(.*?)\/?_app\/(?:immutable\/|version\.json$)/.exec(relative)?.[1];
      if (found !== undefined) return valid(`/${found}`);
    }
  const code = (await walkOutput(root, at(posix.dirname(built.entry)), (path) => /(?:^|\/)node_modules$/.test(path)))
    .filter(({ relative, found }) => /\.[cm]?js$/.test(relative) && found.size <= MAX_BYTES)
    .slice(0, MAX_FILES);
  let left = MAX_BYTES;
  for (const { found } of code) {
    if ((left -= found.size) < 0) break;
    const text = (await readInTree(root, found.path, MAX_BYTES)) ?? '';
    for (const pattern of CONFIGURED) {
      const base = pattern.exec(text)?.[1];
      if (base !== undefined) return valid(base);
    }
  }
  return '';
}

function valid(path: string): string {
  const base = path.replace(/\/+$/, '');
  return BASE.test(base) && !base.split('/').some((part) => part === '.' || part === '..') ? base : '';
}
