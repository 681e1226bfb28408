import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { exists } from './exists.ts';
import { markUsed } from './mark-used.ts';
import type { Npm } from './npm.ts';

/** How long the registry's list of versions is cached. */
const LIST_MS = 3_600_000;

/** Versions of packages of the npm registry, each in a folder of its own below `dir`. */
export class PackageVersions {
  readonly #dir: string;
  readonly #npm: Npm;
  readonly #downloads = new Map<string, Promise<Result<string>>>();
  readonly #lists = new Map<string, Readonly<{ at: number; listing: Promise<Result<readonly string[]>> }>>();

  constructor(dir: string, npm: Npm) {
    this.#dir = dir;
    this.#npm = npm;
  }

  /**
   * Returns the directory `…/node_modules` of a version, downloaded when missing. Concurrent calls share a download.
   */
  install(name: string, version: string): Promise<Result<string>> {
    const target = join(this.#dir, `${name.replace(/[@/]/g, '_')}-${version}`);
    const started = this.#downloads.get(target);
    if (started !== undefined) return started;
    const download = this.#download(name, version, target).finally(() => this.#downloads.delete(target));
    this.#downloads.set(target, download);
    return download;
  }

  async #download(name: string, version: string, target: string): Promise<Result<string>> {
    const modules = join(target, 'node_modules');
    if (await exists(join(modules, name, 'package.json'))) {
      await markUsed(target);
      return ok(modules);
    }
    const result = await this.#npm.install(name, version, target);
    if (!result.ok) return result;
    await chmod(target, 0o755);
    return ok(modules);
  }

  /** Returns the newest version in `range`, from the first range of `preferred` that has one of them, else of all. */
  async resolve(name: string, range: string, preferred: readonly string[] = []): Promise<Result<string>> {
    const exact = semver.valid(range);
    if (exact !== null) return ok(exact);
    const list = await this.#list(name);
    if (!list.ok) return list;
    for (const preference of [...preferred, '*']) {
      const versions = list.value.filter((version) => semver.satisfies(version, preference));
      const best = semver.maxSatisfying(versions, range);
      if (best !== null) return ok(best);
    }
    return fail('unsupported', `There is no ${name} ${range}`, 'Name a published version in "packageManager".');
  }

  async #list(name: string): Promise<Result<readonly string[]>> {
    const cached = this.#lists.get(name);
    const current =
      cached !== undefined && Date.now() - cached.at < LIST_MS
        ? cached
        : { at: Date.now(), listing: this.#npm.versions(name) };
    this.#lists.set(name, current);
    const list = await current.listing;
    if (!list.ok) this.#lists.delete(name);
    return list;
  }
}
