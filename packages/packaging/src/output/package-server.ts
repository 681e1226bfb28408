import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import type { StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import type { Result } from '@anchor/core/result/result.ts';
import type { BuiltServer } from '../detect/frameworks.ts';
import { ancestorsOf } from '../detect/folders.ts';
import { resolveInTree } from '../checkout/checkout-fs.ts';
import { catchArtifactError, type ArtifactStore } from './artifact-store.ts';
import { basePathOfServer } from './base-path.ts';
import { frameworkAssets } from './framework-assets.ts';
import { productionPackages, programLinks } from './production-packages.ts';
import type { Runnable } from './runnable.ts';
import { BUN_PROGRAM, startFiles } from './start-files.ts';
import { TreeBuilder } from './tree-builder.ts';

export type ServerOutput = Readonly<{
  root: string;
  /** The project's folder in the checkout, '' for the root. */
  project: string;
  runnable: Runnable;
  built: BuiltServer | undefined;
  /** Files that the entry needs, relative to the checkout, as traced; undefined when it could not be traced. */
  traced: readonly string[] | undefined;
  node: string;
  /** The program of Bun on this machine, for servers that run on it. */
  bun: string | undefined;
}>;

/** Never part of a function: history, caches, and what would only be a secret lying about. */
export const SKIPPED =
  /(?:^|\/)(?:\.git|\.cache|\.next\/cache|\.turbo|\.DS_Store|\.npmrc|\.nyc_output|coverage|\.pnpm-store)(?:\/|$)/;
/** Caches of tools between builds, which no server reads. */
const CACHES = /(?:^|\/)(?:\.angular|\.parcel-cache|\.nx)(?:\/|$)/;
/**
 * Folders in which frameworks work before they write their server. When no server is found, it may be in there: Nuxt 2
 * starts what is in .nuxt.
 */
const WORK_FOLDERS = /(?:^|\/)(?:\.nuxt|\.svelte-kit|\.astro|\.vinxi|\.nitro|\.tanstack|\.react-router)(?:\/|$)/;
const NODE_MODULES = /(?:^|\/)node_modules$/;

/**
 * Packages that compile modules while they are loaded: what the sources import is only known then, and plugins are
 * loaded by names in configuration files.
 */
const COMPILES =
  /(?:^|\/)node_modules\/(?:@babel\/(?:register|node)|@swc-node\/register|@swc\/register|ts-node|tsx|esbuild-register|sucrase|coffeescript)$/;

/**
 * Packages a server: the project's own files as the build left them, and of its dependencies either the packages that
 * the entry was traced to use (each whole, since packages load files of their own by computed names) or those of a
 * production install. A self-contained framework output comes without the dependencies of the project.
 */
export async function packageServer(output: ServerOutput, store: ArtifactStore): Promise<Result<WebComponent>> {
  const { root, project, runnable, built } = output;
  return catchArtifactError(async () => {
    const tree = new TreeBuilder(root);
    const whole = built?.whole === undefined ? undefined : inside(project, built.whole);
    const work = (path: string): boolean => CACHES.test(path) || (built !== undefined && WORK_FOLDERS.test(path));
    await tree.addFolder(
      '',
      (path) => SKIPPED.test(path) || ((NODE_MODULES.test(path) || work(path)) && !within(path, whole)),
    );
    if (whole === undefined) await addPackages(tree, output);
    const argv = await startFiles(runnable, tree, store);
    if (output.bun !== undefined) await tree.addOutside(BUN_PROGRAM, output.bun);
    const files: Record<string, StaticFile> =
      built?.assets === undefined
        ? {}
        : await frameworkAssets(root, inside(project, built.assets), built.handler === true, store);
    const entry: FunctionEntry = {
      kind: 'server',
      tree: await tree.store(store),
      cwd: runnable.cwd,
      argv: [...argv],
      node: output.node,
      ...(built?.environment === undefined ? {} : { environment: { ...built.environment } }),
    };
    return {
      kind: 'web',
      framework: { name: 'node' },
      basePath: built === undefined ? '' : await basePathOfServer(root, project, built),
      trailingSlash: false,
      files,
      prerenders: {},
      function: entry,
    } satisfies WebComponent;
  });
}

/** Adds the dependencies: the traced packages where tracing is enough, else those of a production install. */
async function addPackages(tree: TreeBuilder, { root, runnable, traced }: ServerOutput): Promise<void> {
  for (const path of traced ?? []) await tree.addPath(path);
  const folders = new Set(packagesOf(traced ?? []));
  const enough =
    traced !== undefined &&
    runnable.traceable &&
    ![...folders, ...runnable.packages].some((each) => COMPILES.test(each));
  const production = enough
    ? { folders: new Set<string>(), links: new Set<string>() }
    : await productionPackages(root, await packageAround(root, runnable.cwd), runnable.packages);
  const also =
    enough && runnable.packages.length > 0 ? await productionPackages(root, NO_PACKAGE, runnable.packages) : production;
  for (const set of [production, also]) {
    for (const folder of set.folders) folders.add(folder);
    for (const link of set.links) await tree.addPath(link);
  }
  for (const folder of folders)
    if (/(?:^|\/)node_modules\//.test(folder))
      await tree.addFolder(folder, (path) => SKIPPED.test(path) || path.indexOf('/node_modules', folder.length) !== -1);
  for (const link of await programLinks(root, runnable.cwd, { folders })) await tree.addPath(link);
}

/** Returns the nearest folder with a package.json, from where the server runs (`cd dist && …`) upwards. */
async function packageAround(root: string, folder: string): Promise<string> {
  for (const around of ancestorsOf(folder))
    if ((await resolveInTree(root, inside(around, 'package.json')))?.kind === 'file') return around;
  return folder;
}

/** A folder without a package.json: only the packages that are named come along. */
const NO_PACKAGE = '.anchor/none';
const within = (path: string, folder: string | undefined): boolean =>
  folder !== undefined && path.startsWith(`${folder}/`);
const inside = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/');

/**
 * Returns the package folders that contain traced files: everything up to the package's name after the last
 * node_modules.
 */
export function packagesOf(files: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const file of files) {
    const at = file.lastIndexOf('node_modules/');
    if (at === -1) continue;
    const [first = '', second = ''] = file.slice(at + 13).split('/');
    const name = first.startsWith('@') ? `${first}/${second}` : first;
    if (name !== '' && !name.startsWith('.')) folders.add(file.slice(0, at + 13) + name);
  }
  return [...folders];
}
