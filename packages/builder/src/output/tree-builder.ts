import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { isTooDeep, MAX_TREE_DEPTH, type Tree } from '@anchor/core/artifact/manifest.ts';
import { APP, findInside, type Found } from '../run/inside.ts';
import { linkStaysInside } from '../source/extract-tar.ts';
import { anchorError } from '@anchor/core/result/result.ts';
import { ArtifactError, inParallel, type ArtifactStore } from './artifact-store.ts';

type Entry = Tree['entries'][number];

/** Collects the files of a function: regular files by content, links that stay inside as links, everything else left out. */
export class TreeBuilder {
  readonly #root: string;
  readonly #entries = new Map<string, Entry>();
  readonly #files = new Map<string, Found>();
  /** Where folders really are. Nothing changes the checkout any more. */
  readonly #folders = new Map<string, Promise<Found | undefined>>();

  /** `root`: the checkout; tree paths are relative to it. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Adds a folder (relative to the checkout) with all that is in it, but for what `skip` names. Links that leave the tree are left out. */
  async addFolder(folder: string, skip: (path: string) => boolean = () => false): Promise<void> {
    const start = await findInside(this.#root, folder);
    if (start?.kind !== 'directory') return;
    const visit = async (directory: string): Promise<void> => {
      for (const entry of await readdir(join(this.#root, directory), { withFileTypes: true })) {
        const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
        if (skip(path)) continue;
        if (entry.isDirectory()) await visit(path);
        else await this.addPath(path);
      }
    };
    await visit(start.path);
  }

  /** Adds one file or link, exactly as it lies there; its parents must be real directories, else the real place is added. */
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
      this.#files.set(here, { path: here, absolute: join(this.#root, here), kind: 'file', size: stat.size, mode: stat.mode, mtimeMs: stat.mtimeMs, inode: stat.ino });
    }
  }

  #folder(path: string): Promise<Found | undefined> {
    const found = this.#folders.get(path) ?? findInside(this.#root, path);
    this.#folders.set(path, found);
    return found;
  }

  /** Adds a file that lies elsewhere under another path of the tree. */
  addFound(path: string, found: Found): void {
    this.#files.set(path, { ...found, path });
  }

  /** A file that the packager wrote itself. */
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
      this.#entries.set(found.path, { path: found.path, ...stored, ...((found.mode & 0o111) === 0 ? {} : { executable: true }) });
    });
    // A file can not lie below a link or a file: what a hostile checkout arranged so is dropped.
    const entries = [...this.#entries.values()].filter((entry) => !hasEntryAbove(entry.path, this.#entries));
    return store.tree({ version: 1, entries });
  }
}

const tooDeep = (path: string): ArtifactError =>
  new ArtifactError(anchorError('output_refused', 'A file of the function lies too deep', `Leave it out, or keep it in fewer folders: ${MAX_TREE_DEPTH} within each other at the most.`, `"${path.slice(0, 200)}…" lies in ${path.split('/').length - 1}.`));

function hasEntryAbove(path: string, entries: ReadonlyMap<string, Entry>): boolean {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) if (entries.has(path.slice(0, slash))) return true;
  return false;
}

/** The link as text that stays inside the tree; an absolute link into /app is the tree itself. Undefined when it leaves. */
function relativeLink(path: string, link: string): string | undefined {
  const target = link.startsWith(`${APP}/`) ? posix.relative(posix.dirname(`${APP}/${path}`), link) : link;
  return linkStaysInside(path, target) ? target : undefined;
}
