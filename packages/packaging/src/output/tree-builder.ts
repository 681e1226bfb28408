import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { isTooDeep, MAX_TREE_DEPTH, type Tree } from '@anchor/core/artifact/tree.ts';
import { resolveInTree, type ResolvedEntry } from '../checkout/checkout-fs.ts';
import { linkStaysInside } from '../checkout/tree-path.ts';
import { anchorError } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { ArtifactError, inParallel, type ArtifactStore } from './artifact-store.ts';

type Entry = Tree['entries'][number];

/**
 * Collects the files of a function: regular files by content, links that stay inside as links, everything else left
 * out.
 */
export class TreeBuilder {
  readonly #root: string;
  readonly #entries = new Map<string, Entry>();
  readonly #files = new Map<string, ResolvedEntry>();
  /** Where folders really are. Nothing changes the checkout any more. */
  readonly #resolvedFolders = new Map<string, Promise<ResolvedEntry | undefined>>();

  /** Creates a tree. `root`: the checkout; tree paths are relative to it. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Adds a folder (relative to the checkout) with all that is in it, but for what `skip` names. Links that leave the
   * tree are left out.
   */
  async addFolder(folder: string, skip: (path: string) => boolean = () => false): Promise<void> {
    const start = await resolveInTree(this.#root, folder);
    if (start?.kind !== 'directory') return;
    const walk = async (directory: string): Promise<void> => {
      for (const entry of await readdir(join(this.#root, directory), { withFileTypes: true })) {
        const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
        if (skip(path)) continue;
        if (entry.isDirectory()) await walk(path);
        else await this.addPath(path);
      }
    };
    await walk(start.path);
  }

  /** Adds one file or link as it is. Where a parent is a link, the resolved path is added. */
  async addPath(path: string): Promise<void> {
    const parent = posix.dirname(path);
    const real = parent === '.' ? '' : (await this.#folder(parent))?.path;
    if (real === undefined) return;
    const here = real === '' ? posix.basename(path) : `${real}/${posix.basename(path)}`;
    if (this.#entries.has(here) || this.#files.has(here)) return;
    const stat = await lstat(join(this.#root, here)).catch(() => undefined);
    if (stat?.isSymbolicLink() === true) {
      const link = relativeLink(here, await readlink(join(this.#root, here)));
      if (link !== undefined) this.#entries.set(here, { path: here, link });
    } else if (stat?.isFile() === true) {
      this.#files.set(here, {
        path: here,
        absolute: join(this.#root, here),
        kind: 'file',
        size: stat.size,
        mode: stat.mode,
        mtimeMs: stat.mtimeMs,
        inode: stat.ino,
      });
    }
  }

  #folder(path: string): Promise<ResolvedEntry | undefined> {
    const found = this.#resolvedFolders.get(path) ?? resolveInTree(this.#root, path);
    this.#resolvedFolders.set(path, found);
    return found;
  }

  /** Adds a file from outside the checkout under a path of the tree. */
  addFound(path: string, found: ResolvedEntry): void {
    this.#files.set(path, { ...found, path });
  }

  /** Adds a file whose bytes are stored already. */
  addStored(path: string, { blob, size }: Readonly<{ blob: string; size: number }>): void {
    this.#entries.set(path, { path, blob, size });
  }

  /** Adds a program of the platform's own, from outside of the checkout. */
  async addOutside(path: string, absolute: string): Promise<void> {
    const { size, mtimeMs, ino } = await stat(absolute);
    this.#files.set(path, { path, absolute, kind: 'file', size, mode: 0o755, mtimeMs, inode: ino });
  }

  /** Adds a file that the packager wrote itself. */
  async addBytes(path: string, bytes: Uint8Array, store: ArtifactStore, executable = false): Promise<void> {
    this.#entries.set(path, { path, ...(await store.bytes(bytes)), ...(executable ? { executable } : {}) });
  }

  has(path: string): boolean {
    return this.#entries.has(path) || this.#files.has(path);
  }

  /** Stores every file and the tree itself; the tree's blob. */
  async store(store: ArtifactStore): Promise<string> {
    for (const path of [...this.#entries.keys(), ...this.#files.keys()]) if (isTooDeep(path)) throw tooDeep(path);
    await inParallel([...this.#files.values()], async (found) => {
      const stored = await store.treeFile(found);
      this.#entries.set(found.path, {
        path: found.path,
        ...stored,
        ...((found.mode & 0o111) === 0 ? {} : { executable: true }),
      });
    });
    // A file cannot be below a link or a file: such entries of a hostile checkout are dropped.
    const entries = [...this.#entries.values()].filter((entry) => !hasEntryAbove(entry.path, this.#entries));
    return store.tree({ version: 1, entries });
  }
}

const tooDeep = (path: string): ArtifactError =>
  new ArtifactError(
    anchorError(
      'output_refused',
      'A file of the function is in too many nested folders',
      `Remove it, or use fewer nested folders: at most ${MAX_TREE_DEPTH}.`,
      `"${path.slice(0, 200)}…" is in ${path.split('/').length - 1}.`,
    ),
  );

function hasEntryAbove(path: string, entries: ReadonlyMap<string, Entry>): boolean {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
    if (entries.has(path.slice(0, slash))) return true;
  return false;
}

/**
 * Returns the link as text that stays inside the tree; an absolute link into /app is the tree itself. Undefined when it
 * leaves.
 */
function relativeLink(path: string, link: string): string | undefined {
  const target = link.startsWith(`${SANDBOX_PATHS.app}/`)
    ? posix.relative(posix.dirname(`${SANDBOX_PATHS.app}/${path}`), link)
    : link;
  return linkStaysInside(path, target) ? target : undefined;
}
