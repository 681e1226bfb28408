import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { matchesGlob } from '@anchor/core/names/glob.ts';
import { yamlFields } from './bounded-yaml.ts';
import { LOCK_FILE_NAMES } from './lock-files.ts';
import { VERSION_FILE_NAMES, type VersionFolder } from './node-version.ts';
import { dependenciesOf, objectField, type PackageJson } from './package-json.ts';
import { resolveInTree, PACKAGE_JSON_BYTES, readInTree, readJsonInTree } from '../checkout/checkout-fs.ts';

/** Returns the names in a folder of the checkout; directories end with "/". */
export async function listFolder(root: string, folder: string): Promise<readonly string[]> {
  const found = await resolveInTree(root, folder);
  if (found?.kind !== 'directory') return [];
  const entries = await readdir(join(root, found.path), { withFileTypes: true });
  return Promise.all(
    entries.map(async (entry) => {
      const folderLink =
        entry.isSymbolicLink() && (await resolveInTree(root, posix.join(found.path, entry.name)))?.kind === 'directory';
      return entry.isDirectory() || folderLink ? `${entry.name}/` : entry.name;
    }),
  );
}

/** Returns a folder and those around it, up to the root of the checkout (''). */
export function ancestorsOf(folder: string): readonly string[] {
  const parent = posix.dirname(folder);
  return folder === '' ? [''] : [folder, ...ancestorsOf(parent === '.' ? '' : parent)];
}

/**
 * Returns where the install runs: the nearest folder, from the project upwards, that has a lock file; where none has,
 * the workspace that the project is a member of; else the project itself.
 */
export async function installFolderOf(root: string, project: string): Promise<string> {
  const around = await Promise.all(
    ancestorsOf(project).map(async (folder) => ({ folder, files: await listFolder(root, folder) })),
  );
  const locked = around.find(({ files }) => LOCK_FILE_NAMES.some((name) => files.includes(name)));
  if (locked !== undefined) return locked.folder;
  for (const { folder } of around) if (await isMember(root, folder, project)) return folder;
  return project;
}

/**
 * Returns the package.json for a Next.js app that has none itself: in an integrated Nx repository the one of the root
 * is for all applications. Its scripts are not the app's. Undefined where the folder does not look like a Next.js app.
 */
export async function sharedPackage(
  root: string,
  project: string,
  listing: readonly string[],
): Promise<Readonly<{ folder: string; packageJson: PackageJson }> | undefined> {
  if (project === '' || listing.some((name) => /^package\.json\/?$/.test(name))) return undefined;
  const configured = listing.some((name) => /^next\.config\.[cm]?[jt]s$/.test(name));
  if (!configured && listing.some((name) => /^(?:vite|nuxt|astro|svelte|remix|webpack|rsbuild)\.config\./.test(name)))
    return undefined;
  const routes = await Promise.all(
    ['app', 'pages', 'src/app', 'src/pages'].map(
      async (name) => (await resolveInTree(root, posix.join(project, name)))?.kind === 'directory',
    ),
  );
  if (!configured && !routes.includes(true)) return undefined;
  for (const folder of ancestorsOf(project).slice(1)) {
    const packageJson = await readJsonInTree(root, posix.join(folder, 'package.json'), PACKAGE_JSON_BYTES);
    if (packageJson === undefined) continue;
    const { scripts: _scripts, ...shared } = packageJson;
    return dependenciesOf(packageJson)['next'] === undefined ? undefined : { folder, packageJson: shared };
  }
  return undefined;
}

async function isMember(root: string, workspace: string, project: string): Promise<boolean> {
  const at = (name: string): string => (workspace === '' ? name : `${workspace}/${name}`);
  const text = await readInTree(root, at('pnpm-workspace.yaml'), 1 << 16);
  const patterns =
    text === undefined
      ? workspacesOf(await readJsonInTree(root, at('package.json'), PACKAGE_JSON_BYTES))
      : listIn(text);
  return isWorkspaceMember(patterns, posix.relative(workspace, project));
}

/** Returns whether a workspace of these patterns has the folder among its packages; its own folder always is. */
export function isWorkspaceMember(patterns: readonly string[] | undefined, folder: string): boolean {
  if (patterns === undefined) return false;
  if (folder === '') return true;
  const plain = (pattern: string): string => pattern.replace(/^\.\//, '').replace(/\/+$/, '');
  const takes = (pattern: string): boolean => matchesGlob(plain(pattern), folder);
  return (
    patterns.some((pattern) => !pattern.startsWith('!') && takes(pattern)) &&
    !patterns.some((pattern) => pattern.startsWith('!') && takes(pattern.slice(1)))
  );
}

/** Returns `workspaces` of package.json, as a list or with `packages`; undefined without. */
function workspacesOf(json: PackageJson | undefined): readonly string[] | undefined {
  const value =
    json === undefined
      ? undefined
      : Array.isArray(json['workspaces'])
        ? json['workspaces']
        : objectField(json, 'workspaces')['packages'];
  return Array.isArray(value) ? shortStrings(value) : undefined;
}

function listIn(text: string): readonly string[] {
  const { packages } = yamlFields(text, ['packages']);
  return Array.isArray(packages) ? shortStrings(packages) : [];
}

const shortStrings = (values: readonly unknown[]): readonly string[] =>
  values.filter((value): value is string => typeof value === 'string' && value.length <= 256).slice(0, 200);

/** Returns the version files of the project's folder and those around it, the project first. */
export async function versionFolders(root: string, project: string): Promise<readonly VersionFolder[]> {
  return Promise.all(
    ancestorsOf(project).map(async (folder) => {
      const at = (name: string): string => (folder === '' ? name : `${folder}/${name}`);
      const contents = new Map(
        await Promise.all(
          VERSION_FILE_NAMES.map(async (name) => [name, await readInTree(root, at(name), 1 << 16)] as const),
        ),
      );
      return {
        folder,
        packageJson: await readJsonInTree(root, at('package.json'), PACKAGE_JSON_BYTES),
        text: (name: string) => contents.get(name),
      };
    }),
  );
}
