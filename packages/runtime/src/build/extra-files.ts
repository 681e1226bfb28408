/**
 * Files of the app's own `next` that its entry points do not name but the function needs: the image optimizer with
 * sharp, the loader of `.env` files, and the edge sandbox where something runs in it. Next's dist is plain CommonJS
 * with literal `require` calls, so following those takes milliseconds where a full trace takes more than a second.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

type Context = { projectDir: string; repoRoot: string; config: Record<string, unknown> };
type Outputs = {
  appPages: { runtime: string }[];
  appRoutes: { runtime: string }[];
  pages: { runtime: string }[];
  pagesApi: { runtime: string }[];
  middleware?: { runtime: string };
};

/** Returns absolute paths inside the repository root; missing files are left out. */
export function extraFiles(context: Context, outputs: Outputs): string[] {
  const fromApp = createRequire(join(context.projectDir, 'package.json'));
  const found = new Set<string>();
  const next = resolve(fromApp, 'next/package.json');
  if (next === undefined) return [];
  const fromNext = createRequire(next);
  const links = (specifier: string, from: NodeJS.Require): void => follow(resolve(from, specifier), found);
  links('next/dist/build/adapter/setup-node-env.external', fromApp);
  links('next/dist/server/lib/incremental-cache/tags-manifest.external', fromApp);
  links('@next/env', fromNext);
  addLink(next, '@next/env', found);
  const images = context.config['images'];
  if (isRecord(images) && images['unoptimized'] !== true && (images['loader'] ?? 'default') === 'default') {
    links('next/dist/server/image-optimizer', fromApp);
    const sharp = resolve(fromNext, 'sharp');
    follow(sharp, found);
    addLink(next, 'sharp', found);
    if (sharp !== undefined) for (const file of sharpBinaries(sharp)) found.add(file);
  }
  const all = [
    ...outputs.appPages,
    ...outputs.appRoutes,
    ...outputs.pages,
    ...outputs.pagesApi,
    ...(outputs.middleware ? [outputs.middleware] : []),
  ];
  if (all.some((output) => output.runtime === 'edge')) {
    links('next/dist/server/web/sandbox', fromApp);
    for (const file of filesIn(join(dirname(next), 'dist/compiled/@edge-runtime/primitives'))) found.add(file);
    for (const file of filesIn(join(dirname(next), 'dist/compiled/edge-runtime'))) found.add(file);
  }
  const root = realpathSync(context.repoRoot);
  return [...found, ...envFiles(context.projectDir)].filter((path) => realpathSync(path).startsWith(`${root}/`));
}

/**
 * Returns the env files that `next start` reads. A `.local` one is in a checkout only when it was committed on purpose.
 */
const envFiles = (projectDir: string): string[] =>
  ['.env', '.env.production', '.env.local', '.env.production.local']
    .map((name) => join(projectDir, name))
    .filter((path) => existsSync(path));

const CALL = /\brequire\(\s*["']([^"'\n]+)["']\s*\)/g;

/**
 * Collects a module and everything that it requires by a literal name, with the package.json of every package on the
 * way.
 */
function follow(start: string | undefined, found: Set<string>): void {
  const queue = start === undefined ? [] : [start];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const own = packageJsonOf(path);
    if (own !== undefined) found.add(own);
    if (!/\.c?js$/.test(path)) continue;
    const from = createRequire(path);
    for (const [, specifier] of readFileSync(path, 'utf8').matchAll(CALL)) {
      if (
        specifier === undefined ||
        /^(?:node:|react(?:-dom|-server-dom-\w+)?(?:\/|$))/.test(specifier) ||
        /\/compiled\/(?:webpack|babel)\//.test(specifier)
      )
        continue;
      const target = resolve(from, specifier);
      if (target === undefined || !/\.(?:c?js|json|node)$/.test(target)) continue;
      queue.push(target);
      if (!specifier.startsWith('.')) addLink(path, specifier, found);
    }
  }
}

/**
 * Adds the link under which a package is found from a file. Package managers such as pnpm keep every package in a
 * directory of its own and lead to it by links, without which the files alone would not be found again.
 */
function addLink(from: string, specifier: string, found: Set<string>): void {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  for (let directory = dirname(from); ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (basename(directory) !== 'node_modules' && existsSync(candidate))
      return void (isLink(candidate) && found.add(candidate));
    if (directory === dirname(directory)) return;
  }
}

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

/**
 * Returns sharp's binaries. It loads its native part by a computed name, and that its library by a relative path: every
 * installed `@img/sharp-*` next to it, whole, with the links between them.
 */
function sharpBinaries(sharp: string): string[] {
  const scope = join(sharp.slice(0, sharp.lastIndexOf('/sharp/')), '@img');
  return installed(scope).flatMap((path) => {
    const real = realpathSync(path);
    const beside = real === path ? [] : installed(dirname(real)).filter(isLink);
    return [...(isLink(path) ? [path] : []), ...filesIn(real), ...beside];
  });
}

const installed = (scope: string): string[] =>
  existsSync(scope)
    ? readdirSync(scope)
        .filter((name) => name.startsWith('sharp-') || name === 'colour')
        .map((name) => join(scope, name))
        .filter((path) => existsSync(path))
    : [];

function packageJsonOf(path: string): string | undefined {
  for (let directory = dirname(path); directory.includes('/node_modules/'); directory = dirname(directory)) {
    const candidate = join(directory, 'package.json');
    if (existsSync(candidate)) return candidate;
  }
  return undefined;
}

const filesIn = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

function resolve(from: NodeJS.Require, specifier: string): string | undefined {
  try {
    const path = from.resolve(specifier);
    return path.startsWith('/') ? path : undefined; // the names of Node's own modules
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
