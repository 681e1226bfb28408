import { readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { resolveInTree, readInTree, readJsonInTree } from '../checkout/checkout-fs.ts';

/** Installed packages: real folders in the checkout, and the links and paths in node_modules that lead to them. */
export type PackageSet = Readonly<{ folders: ReadonlySet<string>; links: ReadonlySet<string> }>;

const MAX_PACKAGES = 50_000;
/** Of one folder of programs; the largest that is known has some 600. */
const MAX_PROGRAMS = 5_000;

/**
 * Collects what a production install has: the dependencies of `from` (package.json there) and of the package folders in
 * `also`, with all that they need, found as Node finds packages. Works for flat, nested and linked (pnpm, workspaces)
 * node_modules.
 */
export async function productionPackages(
  root: string,
  from: string,
  also: readonly string[] = [],
): Promise<PackageSet> {
  const folders = new Set<string>();
  const links = new Set<string>();
  const own = await readJsonInTree(root, below(from, 'package.json'));
  const queue: (readonly [folder: string, names: readonly string[]])[] = [[from, needs(own)]];
  const add = async (folder: string): Promise<void> => {
    if (folders.has(folder) || folders.size >= MAX_PACKAGES) return;
    folders.add(folder);
    queue.push([folder, needs(await readJsonInTree(root, below(folder, 'package.json')))]);
  };
  for (const folder of also) await add(folder);
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [folder, names] = next;
    for (const name of names) {
      const at = await installedAt(root, folder, name);
      if (at === undefined) continue;
      links.add(at.link);
      await add(at.folder);
    }
  }
  return { folders, links };
}

/**
 * Returns where a package is installed for code in `folder`: in its node_modules or in one above. `link`: the path that
 * Node resolves.
 */
export async function installedAt(
  root: string,
  folder: string,
  name: string,
): Promise<Readonly<{ folder: string; link: string }> | undefined> {
  if (!/^(?:@[^/@\0]+\/)?[^/@.\0][^/@\0]*$/.test(name)) return undefined;
  const parts = folder === '' ? [] : folder.split('/');
  for (let i = parts.length; i >= 0; i--) {
    if (parts[i - 1] === 'node_modules') continue;
    const link = [...parts.slice(0, i), 'node_modules', name].join('/');
    const found = await resolveInTree(root, link);
    if (found?.kind === 'directory') return { folder: found.path, link };
  }
  return undefined;
}

/** A program of the dependencies: the file that its name leads to, and the package that it belongs to. */
export type InstalledProgram = Readonly<{ file: string; folder: string; link: string }>;

export async function installedProgram(
  root: string,
  folder: string,
  name: string,
): Promise<InstalledProgram | undefined> {
  if (name.includes('/') || name.startsWith('.')) return undefined;
  const parts = folder === '' ? [] : folder.split('/');
  for (let i = parts.length; i >= 0; i--) {
    const link = [...parts.slice(0, i), 'node_modules/.bin', name].join('/');
    const found = await resolveInTree(root, link);
    if (found?.kind !== 'file') continue;
    const file =
      posix.basename(posix.dirname(found.path)) === '.bin' ? await behindScript(root, found.path) : found.path;
    const owner = file === undefined ? undefined : await packageOf(root, file);
    if (file !== undefined && owner !== undefined) return { file, folder: owner, link };
  }
  return undefined;
}

/**
 * Returns the target of a shell script that pnpm writes in place of a link:
 * `exec node "$basedir/../tsx/dist/cli.mjs" "$@"`.
 */
async function behindScript(root: string, path: string): Promise<string | undefined> {
  const text = await readInTree(root, path, 64 << 10);
  const target =
    /exec (?:node|"\$basedir\/node")\s+"\$basedir\/([^"]+)" "\$@"/.exec(text ?? '')?.[1] ??
    /"\$basedir\/([^"]+)"\s+"\$@"/.exec(text ?? '')?.[1];
  return target === undefined ? undefined : (await resolveInTree(root, posix.join(posix.dirname(path), target)))?.path;
}

/** Returns the nearest folder above a file with a package.json that has a name. */
async function packageOf(root: string, file: string): Promise<string | undefined> {
  for (let folder = posix.dirname(file); folder !== '.'; folder = posix.dirname(folder)) {
    if (typeof (await readJsonInTree(root, below(folder, 'package.json')))?.['name'] === 'string') return folder;
  }
  return undefined;
}

/** Returns the programs of `folder` and those above whose package is among `folders`: links of `.bin`. */
export async function programLinks(
  root: string,
  folder: string,
  { folders }: Pick<PackageSet, 'folders'>,
): Promise<readonly string[]> {
  const out: string[] = [];
  const parts = folder === '' ? [] : folder.split('/');
  for (let i = parts.length; i >= 0; i--) {
    const bin = [...parts.slice(0, i), 'node_modules/.bin'].join('/');
    const found = await resolveInTree(root, bin);
    if (found?.kind !== 'directory') continue;
    for (const name of (await readdir(found.absolute)).slice(0, MAX_PROGRAMS)) {
      const program = await installedProgram(root, parts.slice(0, i).join('/'), name);
      if (program !== undefined && folders.has(program.folder)) out.push(program.link);
    }
  }
  return out;
}

/**
 * Returns the dependencies of a package, without optional peers: one that production needs is named elsewhere as well.
 */
function needs(json: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const part = (name: string): object => {
    const value = json?.[name];
    return typeof value === 'object' && value !== null ? value : {};
  };
  const optional: ReadonlySet<string> = new Set(
    Object.entries(part('peerDependenciesMeta'))
      .filter(([, meta]) => typeof meta === 'object' && meta !== null && 'optional' in meta && meta.optional === true)
      .map(([name]) => name),
  );
  return [
    ...Object.keys(part('dependencies')),
    ...Object.keys(part('optionalDependencies')),
    ...Object.keys(part('peerDependencies')).filter((name) => !optional.has(name)),
  ];
}

const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);
