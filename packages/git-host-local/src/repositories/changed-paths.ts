import type { Readable, Writable } from 'node:stream';
import type { Git } from '../process/git.ts';

export type WalkLimits = Readonly<{
  paths: number;
  /** Of all paths together: each repeats the names of its folders, which may have megabytes. */
  chars: number;
  trees: number;
  bytes: number;
  treeBytes: number;
  depth: number;
}>;
/** A commit that touches more is one that touches everything: a restructured monorepo, or an attack. */
export const WALK_LIMITS: WalkLimits = {
  paths: 20_000,
  chars: 8 * 1024 * 1024,
  trees: 50_000,
  bytes: 64 * 1024 * 1024,
  treeBytes: 8 * 1024 * 1024,
  depth: 256,
};

/**
 * Returns the paths that differ between two commits; undefined when that is not possible within the limits. Reads tree
 * by tree and only where two trees differ: git's own comparison collects every path before it prints the first, and
 * nine trees of a hundred bytes can represent 43 million paths.
 */
export async function changedPaths(
  git: Git,
  repository: string,
  before: string,
  after: string,
  limits: WalkLimits = WALK_LIMITS,
): Promise<readonly string[] | undefined> {
  const result = await git.use(repository, ['cat-file', '--batch-command', '--buffer'], {}, async (child) => {
    const paths = await walk(new Objects(child.stdin, child.stdout, limits), before, after, limits).catch(
      () => undefined,
    );
    child.stdin.end();
    return { paths };
  });
  return result.paths;
}

type Step = Readonly<{ path: string; before?: string; after?: string; depth: number }>;

async function walk(objects: Objects, before: string, after: string, limits: WalkLimits): Promise<readonly string[]> {
  const [from, to] = [await objects.treeOf(before), await objects.treeOf(after)];
  const paths: string[] = [];
  let chars = 0;
  const steps: Step[] = from === to ? [] : [{ path: '', before: from, after: to, depth: 0 }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (step.depth > limits.depth) throw new RangeError('the tree is too deep');
    const [old, now] = [await objects.tree(step.before), await objects.tree(step.after)];
    for (const name of new Set([...old.keys(), ...now.keys()])) {
      const [a, b] = [old.get(name), now.get(name)];
      if (a?.id === b?.id && a?.mode === b?.mode) continue;
      const path = `${step.path}${name}`;
      const trees = { ...(a?.tree === true ? { before: a.id } : {}), ...(b?.tree === true ? { after: b.id } : {}) };
      if ('before' in trees || 'after' in trees) steps.push({ path: `${path}/`, depth: step.depth + 1, ...trees });
      if (a?.tree === false || b?.tree === false) {
        paths.push(path);
        chars += path.length;
      }
      if (paths.length > limits.paths || chars > limits.chars || steps.length > limits.trees)
        throw new RangeError('the change is too large');
    }
  }
  return paths;
}

type Entry = Readonly<{ mode: string; id: string; tree: boolean }>;

/** Reads objects over the pipes of `git cat-file --batch-command`, whose sizes are requested before their content. */
class Objects {
  readonly #to: Writable;
  readonly #from: AsyncIterator<Buffer>;
  readonly #limits: WalkLimits;
  #bytes: Buffer = Buffer.alloc(0);
  #trees = 0;
  #read = 0;

  constructor(to: Writable, from: Readable, limits: WalkLimits) {
    this.#to = to;
    this.#from = from[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#limits = limits;
  }

  async treeOf(commit: string): Promise<string> {
    const { id, type } = await this.#info(`${commit}^{tree}`);
    if (type !== 'tree') throw new TypeError('not a commit');
    return id;
  }

  async tree(id: string | undefined): Promise<ReadonlyMap<string, Entry>> {
    const entries = new Map<string, Entry>();
    if (id === undefined) return entries;
    const { size, type } = await this.#info(id);
    this.#trees += 1;
    this.#read += size;
    const { trees, bytes, treeBytes } = this.#limits;
    if (type !== 'tree' || this.#trees > trees || this.#read > bytes || size > treeBytes)
      throw new RangeError('the change is too large');
    this.#to.write(`contents ${id}\nflush\n`);
    await this.#line();
    const content = await this.#take(size);
    await this.#take(1);
    for (let at = 0; at < content.length;) {
      const space = content.indexOf(0x20, at);
      const nul = content.indexOf(0, space);
      if (space < 0 || nul < 0) throw new TypeError('not a tree');
      const end = nul + 1 + id.length / 2;
      const mode = content.toString('latin1', at, space);
      entries.set(content.toString('utf8', space + 1, nul), {
        mode,
        id: content.toString('hex', nul + 1, end),
        tree: /^0?40000$/.test(mode),
      });
      at = end;
    }
    return entries;
  }

  async #info(name: string): Promise<Readonly<{ id: string; type: string; size: number }>> {
    this.#to.write(`info ${name}\nflush\n`);
    const [id = '', type = '', size = ''] = (await this.#line()).split(' ');
    if (!/^\d+$/.test(size)) throw new TypeError('there is no such object');
    return { id, type, size: Number(size) };
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#bytes.indexOf(0x0a);
      if (end >= 0) return (await this.#take(end + 1)).toString('latin1', 0, end);
      if (this.#bytes.length > 4_096) throw new TypeError('not a line');
      await this.#more();
    }
  }

  async #take(size: number): Promise<Buffer> {
    while (this.#bytes.length < size) await this.#more();
    const taken = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return taken;
  }

  async #more(): Promise<void> {
    const next = await this.#from.next();
    if (next.done === true) throw new TypeError('git ended');
    this.#bytes = this.#bytes.length === 0 ? next.value : Buffer.concat([this.#bytes, next.value]);
  }
}
