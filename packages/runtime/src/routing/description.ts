/**
 * `.anchor/function.json`: the packager's description for the function. Paths are relative to the tree's root, "/"
 * separated.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { isRecord } from '../process/environment.ts';

export type EdgeEntry = Readonly<{
  entryKey: string;
  handlerExport: string;
  paths: readonly string[];
  env: Record<string, string>;
  assets: readonly Readonly<{ name: string; filePath: string }>[];
  wasm: readonly Readonly<{ name: string; filePath: string }>[];
}>;
export type Entry = Readonly<{
  id: string;
  type: string;
  pathname: string;
  filePath: string;
  runtime: 'nodejs' | 'edge';
  edge?: EdgeEntry;
  /** The build prerendered it. */
  prerendered?: true;
  /** Of a dynamic route. */
  dynamic?: boolean;
}>;
export type Routing = Readonly<Record<string, unknown>>;

export type Description = Readonly<{
  version: 1;
  nextVersion: string;
  buildId: string;
  builtAt: number;
  projectDir: string;
  distDir: string;
  config: Readonly<{
    basePath: string;
    trailingSlash: boolean;
    skipProxyUrlNormalize?: boolean;
    i18n?: unknown;
    images?: Readonly<Record<string, unknown>>;
    deploymentId?: string;
    serverSourceMaps?: boolean;
  }>;
  routing: Routing;
  entries: readonly Entry[];
  middleware?: Entry;
  /** Paths that the edge serves as files: a rewrite to one of them returns `x-anchor-serve`. */
  served: readonly string[];
  /** Paths of dynamic routes that have no others than those made by the build. */
  staticPaths?: readonly string[];
  /** Files that the image optimizer reads itself: path as requested → file in the tree. */
  imageFiles: Readonly<Record<string, string>>;
  /** Of builds before December 2026, which have no `.anchor/own-files.json`; see OwnFiles. */
  ownFiles?: Readonly<Record<string, Readonly<{ path: string; type: string }>>>;
  /** HTML files for 404 and 500 of apps without `app/`; `/<locale>` and the name for those of a locale. */
  errorFiles: Readonly<{ notFound?: string; error?: string }>;
  localeErrorFiles?: Readonly<Record<string, string>>;
  hasActions: boolean;
}>;

const ERROR_PAGES = ['404', '500', '_error', '_not-found', '_global-error'] as const;
export type ErrorPage = (typeof ERROR_PAGES)[number];

/**
 * Returns whether an entry point is one of Next's own pages for errors, in whichever language: `/docs/404` is a page of
 * the app.
 */
export function isErrorPage(
  { basePath, i18n }: Description['config'],
  { pathname }: Entry,
  names: readonly ErrorPage[] = ERROR_PAGES,
): boolean {
  const locales = isRecord(i18n) && Array.isArray(i18n['locales']) ? i18n['locales'] : [];
  return names.some(
    (name) =>
      pathname === `${basePath}/${name}` || locales.some((locale) => pathname === `${basePath}/${locale}/${name}`),
  );
}

/** A description with its location: `root` is the tree, `projectDir` and `serverDir` are absolute. */
export type FunctionFiles = Readonly<{
  description: Description;
  root: string;
  projectDir: string;
  distDir: string;
  /** Requires modules as the app itself would. */
  require: NodeJS.Require;
}>;

export function loadFunction(descriptionPath: string): FunctionFiles {
  const path = resolve(descriptionPath);
  const description: Description = JSON.parse(readFileSync(path, 'utf8'));
  const root = dirname(dirname(path));
  const projectDir = join(root, description.projectDir);
  return {
    description,
    root,
    projectDir,
    distDir: join(root, description.distDir),
    require: createRequire(join(projectDir, 'package.json')),
  };
}
