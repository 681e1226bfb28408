import semver from 'semver';
import { readJsonInTree } from '@anchor/packaging/checkout/checkout-fs.ts';

/**
 * Returns the version of an installed package, found as Node finds it: from a folder of the checkout upwards, within
 * it.
 */
export async function installedVersion(root: string, folder: string, name: string): Promise<string | undefined> {
  const parts = folder.split('/').filter((part) => part !== '');
  for (let i = parts.length; i >= 0; i--) {
    const json = await readJsonInTree(root, [...parts.slice(0, i), 'node_modules', name, 'package.json'].join('/'));
    const version = json?.['version'];
    if (typeof version === 'string' && semver.valid(version) !== null) return version;
  }
  return undefined;
}
