import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import semver from 'semver';
import { ok, type Result } from '@anchor/core/result/result.ts';
import type { PackageManager } from '@anchor/packaging/detect/package-manager.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { nativeProgram } from './native-program.ts';
import type { Npm } from './npm.ts';
import { checkHash } from './package-hash.ts';
import { PackageVersions } from './package-versions.ts';
import { NODE, shim, writeShims } from './shims.ts';

/**
 * The package managers as a build sees them: directories to mount read-only below /tools, and /tools/bin with a small
 * script per command. So `npm`, `npx`, `pnpm`, `yarn` and `bun` work in the user's own commands too.
 */
export type Toolchain = Readonly<{ mounts: readonly Readonly<{ from: string; to: string }>[]; version: string }>;

/** A package manager in the repository itself: its file as the build sees it. */
export type OwnCopy = Readonly<{ file: string; version: string }>;

export interface Tools {
  /** Prepares a package manager. `own`: used instead of the published package. */
  prepare(manager: PackageManager, nodeVersion: string, own?: OwnCopy): Promise<Result<Toolchain>>;
}

/** One tool before it is put together with the others. `files`: scripts by the name of their command. */
type Tool = Readonly<{ version: string; mounts: Toolchain['mounts']; files: Readonly<Record<string, string>> }>;
type OtherManager = Exclude<PackageManager['name'], 'npm'>;

/** The versions used when a project names none. */
const DEFAULTS: Readonly<Record<OtherManager, string>> = { pnpm: '10', yarn: '1', bun: '1' };
const NPM = `${SANDBOX_PATHS.tools}/npm`;

export const createTools = (options: Readonly<{ dir: string; npm: Npm; arch?: string }>): Tools =>
  new PublishedTools(options);

/** Package managers as published in the npm registry, downloaded into `dir` when a build needs them. */
class PublishedTools implements Tools {
  readonly #dir: string;
  readonly #npm: Npm;
  readonly #arch: string;
  readonly #packages: PackageVersions;

  constructor({ dir, npm, arch = process.arch }: Readonly<{ dir: string; npm: Npm; arch?: string }>) {
    this.#dir = dir;
    this.#npm = npm;
    this.#arch = arch;
    this.#packages = new PackageVersions(dir, npm);
  }

  async prepare(manager: PackageManager, nodeVersion: string, own?: OwnCopy): Promise<Result<Toolchain>> {
    const npm = await this.#prepareNpm(manager, nodeVersion);
    if (!npm.ok) return npm;
    const base = npm.value;
    const added = await this.#prepareBeside(base, manager, own);
    if (!added.ok) return added;
    const { tool, key } = added.value;
    const bin = await writeShims(this.#dir, key, { ...base.files, ...tool?.files });
    return ok({
      mounts: [...base.mounts, ...(tool?.mounts ?? []), { from: bin, to: `${SANDBOX_PATHS.tools}/bin` }],
      version: tool?.version ?? base.version,
    });
  }

  /** The project's manager beside npm, if it is another. `key` names the scripts of both. */
  async #prepareBeside(
    base: Tool,
    manager: PackageManager,
    own: OwnCopy | undefined,
  ): Promise<Result<Readonly<{ tool?: Tool; key: string }>>> {
    const { name } = manager;
    if (own !== undefined) {
      const files = { [name]: shim(`'${own.file.replaceAll("'", `'\\''`)}'`, 'node') };
      const hash = createHash('sha256').update(own.file).digest('hex').slice(0, 16);
      return ok({ tool: { version: own.version, mounts: [], files }, key: `${name}-own-${hash}-${base.version}` });
    }
    if (name === 'npm') return ok({ key: `npm-${base.version}` });
    const tool = await this.#prepareOther(manager, name);
    return tool.ok ? ok({ tool: tool.value, key: `${name}-${tool.value.version}-${base.version}-m` }) : tool;
  }

  /** Prepares npm, which every build has beside its own package manager. */
  async #prepareNpm(manager: PackageManager, nodeVersion: string): Promise<Result<Tool>> {
    const npm = this.#npm;
    const usual = semver.major(nodeVersion) < 24 ? '10' : npm.version;
    const wanted = manager.name === 'npm' ? (manager.version ?? usual) : usual;
    // No newer major than the platform's own where the range leaves the choice: it may not run on every Node.
    const exact =
      usual === npm.version && semver.satisfies(npm.version, wanted)
        ? ok(npm.version)
        : await this.#packages.resolve('npm', wanted, [usual, `<=${semver.major(npm.version)}`]);
    if (!exact.ok) return exact;
    const version = exact.value;
    const isOwn = version === npm.version && manager.hash === undefined;
    const home = isOwn ? ok(dirname(npm.home)) : await this.#packages.install('npm', version);
    if (!home.ok) return home;
    if (manager.name === 'npm') {
      const hash = await checkHash({ manager, packageName: 'npm', version, home: dirname(home.value) }, npm);
      if (!hash.ok) return hash;
    }
    const files = {
      npm: shim(`${NPM}/bin/npm-cli.js`, 'node'),
      npx: shim(`${NPM}/bin/npx-cli.js`, 'node'),
      node: shim(NODE, 'binary'),
    };
    return ok({ version, mounts: [{ from: join(home.value, 'npm'), to: NPM }], files });
  }

  async #prepareOther(manager: PackageManager, name: OtherManager): Promise<Result<Tool>> {
    const range = manager.version ?? DEFAULTS[name];
    const packageName = publishedAs(name, range, this.#arch);
    const preferred = manager.preferred === undefined ? [] : [manager.preferred];
    const exact = await this.#packages.resolve(packageName, range, preferred);
    if (!exact.ok) return exact;
    const version = exact.value;
    const home = await this.#packages.install(packageName, version);
    if (!home.ok) return home;
    const hash = await checkHash({ manager, packageName, version, home: dirname(home.value) }, this.#npm);
    if (!hash.ok) return hash;
    // With the packages beside it: a tool's program may be in one of its own platform.
    const at = `${SANDBOX_PATHS.tools}/${name}/node_modules`;
    const files = await commandsOf(name, { packageName, version, home: home.value, at });
    return ok({ version, mounts: [{ from: home.value, to: at }], files });
  }
}

function publishedAs(name: OtherManager, range: string, arch: string): string {
  if (name === 'bun') return `@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : 'x64'}`;
  const isBerry = name === 'yarn' && semver.major(semver.minVersion(range) ?? '1.0.0') >= 2;
  return isBerry ? '@yarnpkg/cli-dist' : name;
}

/** `home` is the directory of the packages on this machine, `at` where the build sees it. */
type Placed = Readonly<{ packageName: string; version: string; home: string; at: string }>;

async function commandsOf(name: OtherManager, { packageName, version, home, at }: Placed): Promise<Tool['files']> {
  if (name === 'bun') {
    const bun = `${at}/${packageName}/bin/bun`;
    return { bun: shim(bun, 'binary'), bunx: shim(bun, 'binary', ' x') };
  }
  if (name === 'yarn') return { yarn: shim(`${at}/${packageName}/bin/yarn.js`, 'node') };
  const native = await nativeProgram(home, packageName, name);
  if (native !== undefined)
    return { pnpm: shim(`${at}/${native}`, 'binary'), pnpx: shim(`${at}/${native}`, 'binary', ' dlx') };
  const main = `${at}/pnpm/bin/${semver.major(version) >= 11 ? 'pnpm.mjs' : 'pnpm.cjs'}`;
  return { pnpm: shim(main, 'node'), pnpx: shim(main, 'node', ' dlx') };
}
