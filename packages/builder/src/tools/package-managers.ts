import { access, chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { PackageManager } from '../detect/package-manager.ts';
import type { Npm } from './npm.ts';

/**
 * The package managers as a build sees them: directories to mount read-only below /tools, and /tools/bin with a small
 * script a command, so that `npm`, `npx`, `pnpm`, `yarn` and `bun` work in the user's own commands too.
 */
export type Toolchain = Readonly<{ mounts: readonly Readonly<{ from: string; to: string }>[]; version: string }>;

export interface Tools {
  prepare(manager: PackageManager, nodeVersion: string): Promise<Result<Toolchain>>;
}

/** The versions used when a project names none. */
const DEFAULTS = { pnpm: '10', yarn: '1', bun: '1' } as const;
const SHIM = (file: string, runner: 'node' | 'binary', extra = '') => (runner === 'node' ? `#!/bin/sh\nexec /node/bin/node ${file}${extra} "$@"\n` : `#!/bin/sh\nexec ${file}${extra} "$@"\n`);

export function createTools(options: Readonly<{ dir: string; npm: Npm; arch?: string }>): Tools {
  const { dir, npm, arch = process.arch } = options;
  const running = new Map<string, Promise<Result<string>>>();
  const lists = new Map<string, Promise<Result<readonly string[]>>>();

  /** Directory of an installed package version, `…/node_modules`; concurrent callers share one download. */
  const packageAt = (name: string, version: string): Promise<Result<string>> => {
    const target = join(dir, `${name.replace(/[@/]/g, '_')}-${version}`);
    const started = running.get(target);
    if (started) return started;
    const work = (async (): Promise<Result<string>> => {
      const there = await access(join(target, 'node_modules', name, 'package.json')).then(() => true, () => false);
      if (there) return ok(join(target, 'node_modules'));
      const result = await npm.install(name, version, target);
      if (!result.ok) return result;
      await chmod(target, 0o755);
      return ok(join(target, 'node_modules'));
    })().finally(() => running.delete(target));
    running.set(target, work);
    return work;
  };

  const exactVersion = async (name: string, range: string): Promise<Result<string>> => {
    const exact = semver.valid(range);
    if (exact !== null) return ok(exact);
    const listing = lists.get(name) ?? npm.versions(name);
    lists.set(name, listing);
    const list = await listing;
    if (!list.ok) {
      lists.delete(name);
      return list;
    }
    const best = semver.maxSatisfying([...list.value], range);
    return best === null ? fail('unsupported', `There is no ${name} ${range}`, 'Name a published version in "packageManager".') : ok(best);
  };

  const shims = async (files: Readonly<Record<string, string>>, key: string): Promise<string> => {
    const target = join(dir, `bin-${key}`);
    if (await access(target).then(() => true, () => false)) return target;
    const temporary = `${target}.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`;
    await mkdir(temporary, { recursive: true, mode: 0o755 });
    for (const [name, text] of Object.entries(files)) await writeFile(join(temporary, name), text, { mode: 0o755 });
    await rename(temporary, target).catch(() => rm(temporary, { recursive: true, force: true }));
    return target;
  };

  return {
    async prepare(manager, nodeVersion) {
      const npmRange = semver.major(nodeVersion) < 24 ? '10' : npm.version;
      const wantedNpm = manager.name === 'npm' && manager.version !== undefined ? manager.version : npmRange;
      const npmVersion = wantedNpm === npm.version ? ok(wantedNpm) : await exactVersion('npm', wantedNpm);
      if (!npmVersion.ok) return npmVersion;
      const npmHome = npmVersion.value === npm.version ? ok(npm.home) : await packageAt('npm', npmVersion.value);
      if (!npmHome.ok) return npmHome;
      const npmDir = npmVersion.value === npm.version ? npm.home : join(npmHome.value, 'npm');
      const mounts = [{ from: npmDir, to: '/tools/npm' }];
      const files: Record<string, string> = { npm: SHIM('/tools/npm/bin/npm-cli.js', 'node'), npx: SHIM('/tools/npm/bin/npx-cli.js', 'node'), node: SHIM('/node/bin/node', 'binary') };
      let version = npmVersion.value;
      if (manager.name !== 'npm') {
        const range = manager.version ?? DEFAULTS[manager.name];
        const berry = manager.name === 'yarn' && semver.major(semver.minVersion(range) ?? '1.0.0') >= 2;
        const packageName = manager.name === 'bun' ? `@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : 'x64'}` : berry ? '@yarnpkg/cli-dist' : manager.name;
        const exact = await exactVersion(packageName, range);
        if (!exact.ok) return exact;
        const home = await packageAt(packageName, exact.value);
        if (!home.ok) return home;
        version = exact.value;
        mounts.push({ from: join(home.value, packageName), to: `/tools/${manager.name}` });
        if (manager.name === 'pnpm') {
          const main = semver.major(version) >= 11 ? 'pnpm.mjs' : 'pnpm.cjs';
          files['pnpm'] = SHIM(`/tools/pnpm/bin/${main}`, 'node');
          files['pnpx'] = SHIM(`/tools/pnpm/bin/${main}`, 'node', ' dlx');
        } else if (manager.name === 'yarn') files['yarn'] = SHIM('/tools/yarn/bin/yarn.js', 'node');
        else {
          files['bun'] = SHIM('/tools/bun/bin/bun', 'binary');
          files['bunx'] = SHIM('/tools/bun/bin/bun', 'binary', ' x');
        }
      }
      const bin = await shims(files, `${manager.name}-${version}-${npmVersion.value}`);
      return ok({ mounts: [...mounts, { from: bin, to: '/tools/bin' }], version });
    },
  };
}
