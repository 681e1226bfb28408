import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { run } from './command.ts';
import { coveringMount, directoryInside, parseTarget, resolveSource, tableLine, type Source } from './mounts.ts';

/** A host path that is mounted at `to`: compared after mounting, so that nothing was swapped. */
export type MountSource = Readonly<{ to: string; source: Source }>;

type MountOf<K extends Mount['kind']> = Extract<Mount, { kind: K }>;
/** Where in the tree that becomes the sandbox's root, and the options that every mount there has. */
type Target = Readonly<{ path: string; options: string }>;

/** The mounts of one sandbox as lines of fstab(5). Outer mounts are added before the ones inside them. */
export class MountTable {
  readonly #inner: string;
  readonly #uid: number;
  readonly #added: Mount[] = [];
  /** Of the bind mounts added so far. */
  readonly sources: MountSource[] = [];

  /** `inner`: the tree that becomes the sandbox's root. */
  constructor(inner: string, uid: number) {
    this.#inner = inner;
    this.#uid = uid;
  }

  /** Returns the line of a mount, and creates its mount point. */
  async add(mount: Mount): Promise<Result<string>> {
    const to = parseTarget(mount.to);
    if (!to.ok) return to;
    if (this.#added.some((other) => other.to === mount.to))
      return fail('invalid_input', `Two mounts of a sandbox are at ${mount.to}`, 'Give each mount its own place.');
    const source = mount.kind === 'read' || mount.kind === 'write' ? resolveSource(mount.from) : undefined;
    if (source?.ok === false) return source;
    const options = this.#createPoint(to.value, source?.value.directory ?? true);
    if (!options.ok) return options;
    this.#added.push(mount);
    const target = { path: join(this.#inner, to.value), options: options.value };
    if (mount.kind === 'tmpfs') return ok(this.#temporary(mount, target));
    if (mount.kind === 'overlay') return this.#overlay(mount, target);
    if (source === undefined) return fail('internal', `The mount at ${mount.to} has no source`, 'Report this.');
    this.sources.push({ to: to.value, source: source.value });
    return ok(await this.#bind(mount.kind, source.value, target));
  }

  /** Creates a mount point, where a mount around it does not hide it. Returns the options that mounts there have. */
  #createPoint(to: string, directory: boolean): Result<string> {
    const cover = coveringMount(this.#added, to);
    if (cover?.kind === 'tmpfs') return ok('nosuid,nodev,X-mount.mkdir');
    if (cover === undefined) createMountPoint(this.#inner, to, directory);
    else {
      const base = resolveSource(cover.kind === 'overlay' ? cover.upper : cover.from);
      if (!base.ok) return base;
      if (!directory)
        return fail(
          'invalid_input',
          `The file ${to} would cover a part of another mount`,
          'Mount directories inside other mounts.',
        );
      const made = directoryInside(base.value.path, to.slice(cover.to.length), this.#uid, cover.kind !== 'read');
      if (!made.ok) return made;
    }
    return ok('nosuid,nodev');
  }

  #temporary({ sizeMb }: MountOf<'tmpfs'>, { path, options }: Target): string {
    const size = Math.max(1, Math.ceil(sizeMb));
    const own = `size=${size}m,mode=1777,uid=${this.#uid},gid=${this.#uid}`;
    return tableLine('tmpfs', path, 'tmpfs', `${own},${options}`);
  }

  async #overlay(mount: MountOf<'overlay'>, { path, options }: Target): Promise<Result<string>> {
    const lower = resolveSource(mount.lower);
    if (!lower.ok) return lower;
    const upper = resolveSource(mount.upper);
    if (!upper.ok) return upper;
    const work = resolveSource(mount.work);
    if (!work.ok) return work;
    const paths = [lower.value.path, upper.value.path, work.value.path];
    if (paths.some((each) => /[,:\\"]/.test(each)))
      return fail('invalid_input', `An overlay cannot use ${paths.join(', ')}`, 'Use paths without "," ":" and "\\".');
    await chownForSandbox(upper.value, this.#uid);
    const layers = `lowerdir=${paths[0]},upperdir=${paths[1]},workdir=${paths[2]}`;
    return ok(tableLine('overlay', path, 'overlay', `${layers},${options}`));
  }

  async #bind(kind: 'read' | 'write', source: Source, { path, options }: Target): Promise<string> {
    if (kind === 'write') await chownForSandbox(source, this.#uid);
    return tableLine(source.path, path, 'none', `bind,${kind === 'read' ? 'ro' : 'rw'},${options}`);
  }
}

export const createMountPoint = (inner: string, to: string, directory: boolean): void => {
  const target = join(inner, to);
  mkdirSync(directory ? target : dirname(target), { recursive: true });
  if (!directory && !existsSync(target)) writeFileSync(target, '');
};

/** Changes the owner of a writable directory to the sandbox's user; the first time recursively. */
const chownForSandbox = async (source: Source, uid: number): Promise<void> => {
  if (statSync(source.path).uid !== uid) await run(['chown', '-hR', `${uid}:${uid}`, '--', source.path]);
};
