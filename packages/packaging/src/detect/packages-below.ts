import { readdir } from 'node:fs/promises';
import { objectField, type PackageJson } from './package-json.ts';
import { resolveInTree, PACKAGE_JSON_BYTES, readJsonInTree } from '../checkout/checkout-fs.ts';

const MAX_DEPTH = 4;
const MAX_FOLDERS = 2_000;
const MAX_PACKAGES = 300;
/** Of each kind of entry; the largest monorepos have some hundred. */
const MAX_ENTRIES = 1_000;
const MAX_TEXT = 4_096;
const SKIPPED = /^(?:\.|node_modules$|dist$|build$|out$|coverage$|vendor$|public$|src$|test$|tests$|__tests__$)/;

/**
 * Returns the package.json files below a folder, by path relative to it: the packages of a monorepo. Bounded in depth
 * and number.
 */
export async function packagesBelow(root: string, project: string): Promise<ReadonlyMap<string, PackageJson>> {
  const packages = new Map<string, PackageJson>();
  let folders = 0;
  let level: readonly string[] = [''];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++folders > MAX_FOLDERS || packages.size >= MAX_PACKAGES) return packages;
      const path = [project, folder].filter((part) => part !== '').join('/');
      const found = await resolveInTree(root, path);
      if (found?.kind !== 'directory' || found.path !== path) continue; // links lead to folders that are seen anyway
      const entries = await readdir(found.absolute, { withFileTypes: true });
      if (folder !== '' && entries.some((entry) => entry.isFile() && entry.name === 'package.json')) {
        const json = await readJsonInTree(root, `${path}/package.json`, PACKAGE_JSON_BYTES);
        if (json !== undefined) packages.set(folder, detectionFields(json));
      }
      for (const entry of entries)
        if (entry.isDirectory() && !SKIPPED.test(entry.name))
          next.push(folder === '' ? entry.name : `${folder}/${entry.name}`);
    }
    level = next.sort();
  }
  return packages;
}

/**
 * Reduces a package.json to the fields that detection reads, as texts, because all of them stay in memory until the
 * build is planned.
 */
function detectionFields(json: PackageJson): PackageJson {
  const entries = (name: string): PackageJson =>
    Object.fromEntries(
      Object.entries(objectField(json, name))
        .filter(([key, value]) => key.length <= MAX_TEXT && typeof value === 'string' && value.length <= MAX_TEXT)
        .slice(0, MAX_ENTRIES),
    );
  const there = ['exports', 'publishConfig', 'types']
    .filter((name) => json[name] !== undefined)
    .map((name) => [name, true]);
  const { name, private: isPrivate } = json;
  return {
    ...(typeof name === 'string' && name.length <= MAX_TEXT ? { name } : {}),
    private: isPrivate === true,
    scripts: entries('scripts'),
    dependencies: entries('dependencies'),
    devDependencies: entries('devDependencies'),
    ...Object.fromEntries(there),
  };
}
