/** `.anchor/function.json`: what the packager tells the function. Paths are relative to the tree's root, "/" separated. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

export type EdgeEntry = Readonly<{
  entryKey: string; handlerExport: string; paths: readonly string[]; env: Record<string, string>;
  assets: readonly Readonly<{ name: string; filePath: string }>[]; wasm: readonly Readonly<{ name: string; filePath: string }>[];
}>;
export type Entry = Readonly<{ id: string; type: string; pathname: string; filePath: string; runtime: 'nodejs' | 'edge'; edge?: EdgeEntry; /** The build made answers of it. */ prerendered?: true }>;
export type Routing = Readonly<Record<string, unknown>>;

export type Description = Readonly<{
  version: 1;
  nextVersion: string;
  buildId: string;
  builtAt: number;
  projectDir: string;
  distDir: string;
  config: Readonly<{ basePath: string; trailingSlash: boolean; skipProxyUrlNormalize?: boolean; i18n?: unknown; images?: Readonly<Record<string, unknown>>; deploymentId?: string; serverSourceMaps?: boolean }>;
  routing: Routing;
  entries: readonly Entry[];
  middleware?: Entry;
  /** Paths that the edge serves as files: a rewrite that ends on one is answered with `x-anchor-serve`. */
  served: readonly string[];
  /** Paths of dynamic routes that have no others than those made by the build. */
  staticPaths?: readonly string[];
  /** Files that the image optimizer reads itself: path as requested → file in the tree. */
  imageFiles: Readonly<Record<string, string>>;
  /** HTML files for 404 and 500 of apps without `app/`; `/<locale>` and the name for those of a locale. */
  errorFiles: Readonly<{ notFound?: string; error?: string }>;
  localeErrorFiles?: Readonly<Record<string, string>>;
  hasActions: boolean;
}>;

/** A description with where it lies: `root` is the tree, `projectDir` and `serverDir` are absolute. */
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
  return { description, root, projectDir, distDir: join(root, description.distDir), require: createRequire(join(projectDir, 'package.json')) };
}
