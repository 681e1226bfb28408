import { access, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Npm } from './npm.ts';

/** A Node version on this machine: `dir`/bin/node. */
export type NodeVersion = Readonly<{ version: string; dir: string }>;

/** Node versions of this platform, got from the npm registry (the packages that the npm package `node` installs). */
export interface Nodes {
  /**
   * The newest version in a semver range (`24`, `>=20 <23`, `22.11.0`, `lts/*`), downloaded when it is not there; where the
   * newest major is in the range and the platform runs on a release of it that is, too, that one.
   * `unsupported` with the list of what is supported when the range has none of it.
   */
  resolve(range: string): Promise<Result<NodeVersion>>;
}

/** Changed on purpose only: with the platform's own version, an update of the platform would change every application's. */
export const DEFAULT_MAJOR = '26';
/** What runs the platform, when it is of that major: it is here already, and its pages in memory are shared. */
const DEFAULT_NODE = semver.major(process.versions.node) === Number(DEFAULT_MAJOR) ? process.versions.node : DEFAULT_MAJOR;
export const SUPPORTED_MAJORS: readonly number[] = [20, 21, 22, 23, 24, 25, 26];
/** What is taken when nothing names a version. `kept`: the major that a project got this way before, if it did: it does not move with the default. */
export const defaultNode = (kept?: string): string => (kept === undefined || kept === DEFAULT_MAJOR || !SUPPORTED_MAJORS.includes(Number(kept)) ? DEFAULT_NODE : kept);
/** What runs the platform. It moves with updates of the platform; builds need not wait for a newer release of its major. */
const OWN = process.versions.node;
const NEWEST_MAJOR = Math.max(...SUPPORTED_MAJORS);
const LTS: Readonly<Record<string, string>> = { '*': '26', iron: '20', jod: '22', krypton: '24' };
const LIST_HOURS = 12;

export function createNodes(options: Readonly<{ dir: string; npm: Npm; arch?: string; now?: () => number }>): Nodes {
  const { dir, npm, arch = process.arch, now = Date.now } = options;
  const name = `node-linux-${arch}`;
  const listFile = join(dir, 'versions.json');
  const downloads = new Map<string, Promise<Result<NodeVersion>>>();
  let listing: Promise<Result<readonly string[]>> | undefined;

  const installed = async (): Promise<readonly string[]> =>
    (await readdir(dir).catch(() => [])).filter((entry) => semver.valid(entry) !== null);

  /** What the registry has; remembered for hours, so that a build does not wait for it. */
  const published = async (): Promise<Result<readonly string[]>> => {
    const kept = await readFile(listFile, 'utf8').then((text) => JSON.parse(text) as { at: number; versions: string[] }).catch(() => undefined);
    if (kept !== undefined && now() - kept.at < LIST_HOURS * 3_600_000) return ok(kept.versions);
    const fresh = await npm.versions(name);
    if (!fresh.ok) return kept === undefined ? fresh : ok(kept.versions);
    await mkdir(dir, { recursive: true });
    const temporary = `${listFile}.${process.pid}.${now()}`;
    await writeFile(temporary, JSON.stringify({ at: now(), versions: fresh.value }));
    await rename(temporary, listFile);
    return fresh;
  };

  const download = async (version: string): Promise<Result<NodeVersion>> => {
    const target = join(dir, version);
    await mkdir(dir, { recursive: true });
    const temporary = await mkdtemp(join(dir, '.tmp-'));
    try {
      const result = await npm.install(name, version, join(temporary, 'package'));
      if (!result.ok) return result;
      const unpacked = join(temporary, 'package', 'node_modules', name);
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
  };

  return {
    async resolve(text) {
      const range = toRange(text);
      if (range === undefined) return unsupported(text, 'It is not a version or a range of versions.');
      const best = (versions: readonly string[]) =>
        semver.maxSatisfying(versions.filter((version) => SUPPORTED_MAJORS.includes(semver.major(version)) && semver.prerelease(version) === null), range);
      const here = await installed();
      const exact = semver.valid(text.trim().replace(/^v/, ''));
      let version = exact !== null && here.includes(exact) ? best([exact]) : here.includes(OWN) && semver.major(OWN) === NEWEST_MAJOR ? best([OWN]) : null;
      if (version === null) {
        listing ??= published().finally(() => { listing = undefined; });
        const list = await listing;
        version = list.ok ? best(list.value) : best(here);
        if (version === null && !list.ok) return list;
      }
      if (version === null) return unsupported(text, 'No supported release of Node is in this range.');
      const target = join(dir, version);
      if (await access(join(target, 'bin/node')).then(() => true, () => false)) return ok({ version, dir: target });
      const running = downloads.get(version) ?? download(version).finally(() => downloads.delete(version));
      downloads.set(version, running);
      const result = await running;
      if (result.ok) return result;
      // Offline: an older release of the same range still builds.
      const fallback = best(here);
      return fallback === null ? result : ok({ version: fallback, dir: join(dir, fallback) });
    },
  };
}

function toRange(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '' || trimmed === 'node' || trimmed === 'latest' || trimmed === 'stable') return '*';
  if (trimmed.startsWith('lts/')) return LTS[trimmed.slice(4)] ?? undefined;
  return semver.validRange(trimmed) ?? undefined;
}

const unsupported = (text: string, why: string) =>
  fail('unsupported', `Node "${text.slice(0, 60)}" is not supported`, `Use one of Node ${SUPPORTED_MAJORS.join(', ')} in the project setting, .nvmrc, .node-version or engines.node (the default is ${DEFAULT_MAJOR}).`, why);
