import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { PackageManager } from '@anchor/packaging/detect/package-manager.ts';
import type { Npm } from './npm.ts';

export type HashedPackage = Readonly<{
  manager: PackageManager;
  packageName: string;
  version: string;
  /** Where it is installed: a folder that holds node_modules. */
  home: string;
}>;

/**
 * Checks the hash in `packageManager` as Corepack does (sources/corepackUtils.ts): of the published archive, for yarn 2
 * and later of the one file in it that is run. The computed hash is stored beside the package.
 */
export async function checkHash(
  { manager, packageName, version, home }: HashedPackage,
  npm: Pick<Npm, 'pack'>,
): Promise<Result<void>> {
  const { name, hash } = manager;
  if (hash === undefined) return ok(undefined);
  const known = join(home, `.${hash.algorithm}`);
  let actual = await readFile(known, 'utf8').catch(() => undefined);
  if (actual === undefined) {
    const computed =
      packageName === '@yarnpkg/cli-dist'
        ? ok(await hashOf(join(home, 'node_modules', packageName, 'bin/yarn.js'), hash.algorithm))
        : await hashOfArchive(packageName, version, hash.algorithm, home, npm);
    if (!computed.ok) return computed;
    actual = computed.value;
    await writeFile(known, actual);
  }
  if (actual === hash.hex) return ok(undefined);
  return fail(
    'install_failed',
    `The hash of ${name}@${version} in "packageManager" does not match the published package`,
    `Set the right one with: corepack use ${name}@${version}. Or remove the text from "+" on.`,
    `packageManager has ${hash.algorithm}.${hash.hex.slice(0, 24)}…; the package of the registry has ${hash.algorithm}.${actual.slice(0, 24)}…`,
  );
}

async function hashOfArchive(
  packageName: string,
  version: string,
  algorithm: string,
  home: string,
  npm: Pick<Npm, 'pack'>,
): Promise<Result<string>> {
  const directory = await mkdtemp(`${home}.pack-`);
  try {
    const packed = await npm.pack(packageName, version, directory);
    if (!packed.ok) return packed;
    const [archive] = (await readdir(directory)).filter((file) => file.endsWith('.tgz'));
    if (archive === undefined)
      return fail('internal', `npm pack left no archive of ${packageName}@${version}`, 'Run `anchor deploy` to retry.');
    return ok(await hashOf(join(directory, archive), algorithm));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function hashOf(file: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
