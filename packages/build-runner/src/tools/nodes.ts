import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { exists } from './exists.ts';
import { markUsed } from './mark-used.ts';
import type { Npm } from './npm.ts';

/** A Node version on this machine: `dir`/bin/node. */
export type NodeVersion = Readonly<{ version: string; dir: string }>;

/** Node versions of this platform, got from the npm registry (the packages that the npm package `node` installs). */
export interface Nodes {
  /**
   * Resolves the newest version in a semver range (`24`, `>=20 <23`, `22.11.0`, `lts/*`), downloaded when it is
   * missing. Where the range includes the newest major, and the platform runs on a release of it in the range, that
   * release is used. Fails with `unsupported` and the supported versions when the range has none of them.
   */
  resolve(range: string): Promise<Result<NodeVersion>>;
}

/**
 * Changed on purpose only: with the platform's own version, an update of the platform would change every application's.
 */
export const DEFAULT_MAJOR = '26';
/** The platform's own Node, when it is of that major: it is here already, and its pages in memory are shared. */
const DEFAULT_NODE =
  semver.major(process.versions.node) === Number(DEFAULT_MAJOR) ? process.versions.node : DEFAULT_MAJOR;
export const SUPPORTED_MAJORS: readonly number[] = [20, 21, 22, 23, 24, 25, 26];
/**
 * Returns the range used when nothing names a version. `pinned`: the major that the project is pinned to, so that it
 * does not move with the default.
 */
export const defaultNodeRange = (pinned?: string): string =>
  pinned === undefined || pinned === DEFAULT_MAJOR || !SUPPORTED_MAJORS.includes(Number(pinned))
    ? DEFAULT_NODE
    : pinned;
/**
 * The platform's own Node. It moves with updates of the platform; builds need not wait for a newer release of its
 * major.
 */
const BUNDLED_NODE = process.versions.node;
const NEWEST_MAJOR = Math.max(...SUPPORTED_MAJORS);
const LTS: Readonly<Record<string, string>> = { '*': '26', iron: '20', jod: '22', krypton: '24' };
const LTS_MAJORS: readonly string[] = ['20', '22', '24', '26'];
const LIST_HOURS = 12;

type NodesOptions = Readonly<{ dir: string; npm: Npm; arch?: string; now?: () => number }>;

export const createNodes = (options: NodesOptions): Nodes => new PublishedNodes(options);

/** Node versions as published in the npm registry: `dir`/<version>, downloaded when a build needs them. */
class PublishedNodes implements Nodes {
  readonly #dir: string;
  readonly #npm: Npm;
  readonly #name: string;
  readonly #now: () => number;
  readonly #downloads = new Map<string, Promise<Result<NodeVersion>>>();
  #listing: Promise<Result<readonly string[]>> | undefined;

  constructor({ dir, npm, arch = process.arch, now = Date.now }: NodesOptions) {
    this.#dir = dir;
    this.#npm = npm;
    this.#name = `node-linux-${arch}`;
    this.#now = now;
  }

  async resolve(text: string): Promise<Result<NodeVersion>> {
    const range = toRange(text);
    if (range === undefined) return unsupported(text, 'It is not a version or a range of versions.');
    const installed = await this.#installed();
    const chosen = await this.#choose(text, range, installed);
    if (!chosen.ok) return chosen;
    const version = chosen.value;
    const target = join(this.#dir, version);
    if (await exists(join(target, 'bin/node'))) {
      await markUsed(target);
      return ok({ version, dir: target });
    }
    const running =
      this.#downloads.get(version) ?? this.#download(version).finally(() => this.#downloads.delete(version));
    this.#downloads.set(version, running);
    const result = await running;
    if (result.ok) return result;
    // Offline: an older release of the same range still builds.
    const fallback = newestIn(range, installed);
    return fallback === null ? result : ok({ version: fallback, dir: join(this.#dir, fallback) });
  }

  async #choose(text: string, range: string, installed: readonly string[]): Promise<Result<string>> {
    const exact = semver.valid(text.trim().replace(/^v/, ''));
    const here =
      exact !== null && installed.includes(exact)
        ? newestIn(range, [exact])
        : installed.includes(BUNDLED_NODE) && semver.major(BUNDLED_NODE) === NEWEST_MAJOR
          ? newestIn(range, [BUNDLED_NODE])
          : null;
    if (here !== null) return ok(here);
    this.#listing ??= this.#published().finally(() => {
      this.#listing = undefined;
    });
    const list = await this.#listing;
    const version = newestIn(range, list.ok ? list.value : installed);
    if (version !== null) return ok(version);
    return list.ok ? unsupported(text, 'No supported release of Node is in this range.') : list;
  }

  async #installed(): Promise<readonly string[]> {
    return (await readdir(this.#dir).catch(() => [])).filter((entry) => semver.valid(entry) !== null);
  }

  /** Returns the registry's versions; cached for hours, so that a build does not wait for it. */
  async #published(): Promise<Result<readonly string[]>> {
    const file = join(this.#dir, 'versions.json');
    const stored = await readFile(file, 'utf8')
      .then((text) => JSON.parse(text) as { at: number; versions: string[] })
      .catch(() => undefined);
    if (stored !== undefined && this.#now() - stored.at < LIST_HOURS * 3_600_000) return ok(stored.versions);
    const fresh = await this.#npm.versions(this.#name);
    if (!fresh.ok) return stored === undefined ? fresh : ok(stored.versions);
    await mkdir(this.#dir, { recursive: true });
    const temporary = `${file}.${process.pid}.${this.#now()}`;
    await writeFile(temporary, JSON.stringify({ at: this.#now(), versions: fresh.value }));
    await rename(temporary, file);
    return fresh;
  }

  async #download(version: string): Promise<Result<NodeVersion>> {
    const target = join(this.#dir, version);
    await mkdir(this.#dir, { recursive: true });
    const temporary = await mkdtemp(join(this.#dir, '.tmp-'));
    try {
      const result = await this.#npm.install(this.#name, version, join(temporary, 'package'));
      if (!result.ok) return result;
      const unpacked = join(temporary, 'package', 'node_modules', this.#name);
      // Only the program: headers and documentation would triple what every build sandbox sees.
      await rm(join(unpacked, 'share'), { recursive: true, force: true });
      await chmod(join(unpacked, 'bin/node'), 0o755);
      await chmod(unpacked, 0o755);
      await rename(unpacked, target).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
      return ok({ version, dir: target });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
}

/** The newest supported release among `versions` that is in the range; null when there is none. */
const newestIn = (range: string, versions: readonly string[]): string | null =>
  semver.maxSatisfying(
    versions.filter(
      (version) => SUPPORTED_MAJORS.includes(semver.major(version)) && semver.prerelease(version) === null,
    ),
    range,
  );

function toRange(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '' || trimmed === 'node' || trimmed === 'current' || trimmed === 'latest' || trimmed === 'stable')
    return '*';
  if (trimmed === 'lts') return LTS['*'];
  const [, steps] = /^lts\/-(\d)$/.exec(trimmed) ?? [];
  if (steps !== undefined) return LTS_MAJORS.at(-1 - Number(steps));
  if (trimmed.startsWith('lts/')) return Object.hasOwn(LTS, trimmed.slice(4)) ? LTS[trimmed.slice(4)] : undefined;
  return semver.validRange(trimmed) ?? undefined;
}

const unsupported = (text: string, why: string) =>
  fail(
    'unsupported',
    `Node "${text.slice(0, 60)}" is not supported`,
    `Use one of Node ${SUPPORTED_MAJORS.join(', ')} in the project setting, .nvmrc or engines.node (the default is ${DEFAULT_MAJOR}).`,
    why,
  );
