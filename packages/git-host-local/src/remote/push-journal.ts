import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { parseId } from '@anchor/core/names/id.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { Completion, RecoverySource, UnfinishedRecord } from '@anchor/core/records/recovery-source.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { applyRefUpdates } from './apply-ref-updates.ts';
import type { RefUpdate } from '../protocol/receive-pack-commands.ts';
import type { GitRemoteContext } from './context.ts';

/** An orphaned git may still be unpacking after the crash; then its push is found at a later look. */
const KEEP_MS = 10 * 60_000;

const entrySchema = z.object({
  projectId: z.string(),
  at: z.number(),
  updates: z.array(z.object({ ref: z.string(), before: z.string().optional(), after: z.string().optional() })),
});
type JournalEntry = z.infer<typeof entrySchema>;

/** An id as `begin` creates it; file names are made of it. */
const ID = /^[0-9a-f-]{36}$/;

/**
 * Write-ahead journal of pushes: records the ref updates before git applies them. Git stores refs and the platform
 * stores deliveries. A crash in between would lose the push, because a repeated push finds every ref up to date.
 *
 * As a source of unfinished records it has the entries that a crash left behind, and those that were abandoned; none of
 * a push in flight. One that git has not applied (yet) is stored for `KEEP_MS`.
 */
export class PushJournal implements RecoverySource {
  readonly kind = 'push';
  readonly #server: GitRemoteContext;
  /** One directory beside all repositories. */
  readonly #folder: string;
  /** Pushes in flight in this process, which a recovery must not process. */
  readonly #running = new Set<string>();
  #made = false;

  constructor(server: GitRemoteContext) {
    this.#server = server;
    this.#folder = join(dirname(server.git.repositoryPath('prj_00000000000000000000')), 'pushes');
  }

  /** Records a push and returns its id. The id deduplicates the deliveries when the push is processed again. */
  async begin(project: Project, updates: readonly RefUpdate[]): Promise<string> {
    const id = randomUUID();
    if (updates.length === 0) return id;
    if (!this.#made) await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    this.#made = true;
    this.#running.add(id);
    try {
      const handle = await open(this.#fileOf(id), 'wx', 0o600);
      try {
        const entry: JournalEntry = {
          projectId: project.id,
          at: this.#server.ports.clock.now(),
          updates: [...updates],
        };
        await handle.writeFile(JSON.stringify(entry));
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      // A full disk: git is not started, so there is nothing to process.
      this.#running.delete(id);
      await this.#remove(id).catch(() => undefined);
      throw error;
    }
    return id;
  }

  /** Removes the entry: its deliveries are stored, or git refused the push. */
  async commit(id: string): Promise<void> {
    this.#running.delete(id);
    await this.#remove(id);
  }

  /** Leaves the entry to the next recovery, because it could not be processed. */
  abandon(id: string): void {
    this.#running.delete(id);
  }

  async unfinished(): Promise<readonly UnfinishedRecord[]> {
    const records: UnfinishedRecord[] = [];
    for (const file of await readdir(this.#folder).catch(() => [])) {
      const id = file.slice(0, -'.json'.length);
      if (!file.endsWith('.json') || this.#running.has(id)) continue;
      const record = await this.#read(id);
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  async drop(id: string): Promise<Result<void>> {
    if (ID.test(id)) await this.#remove(id);
    return ok(undefined);
  }

  async #read(id: string): Promise<UnfinishedRecord | undefined> {
    let text: string;
    try {
      text = await readFile(this.#fileOf(id), 'utf8');
    } catch (error) {
      // One that cannot be read just now (too many open files, a bad disk) must not be taken for one that was never
      // whole.
      return (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? undefined
        : { id, complete: () => Promise.reject(error as Error) };
    }
    const entry = entrySchema.safeParse(jsonOf(text)).data;
    if (entry === undefined) return { id, complete: () => this.#discard(id) };
    return { id, project: entry.projectId, complete: () => this.#complete(id, entry) };
  }

  async #complete(id: string, entry: JournalEntry): Promise<Completion> {
    const { ports } = this.#server;
    const projectId = parseId('prj', entry.projectId);
    const project = projectId === undefined ? undefined : await ports.projects.get(projectId);
    if (project === undefined) return this.#discard(id);
    const updates = entry.updates.map(({ ref, before, after }): RefUpdate => ({
      ref,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    }));
    const outcomes = await applyRefUpdates(this.#server, project, updates, id);
    if (outcomes.length === 0 && ports.clock.now() - entry.at < KEEP_MS) return 'skipped';
    await this.#remove(id);
    return outcomes.length > 0 ? 'completed' : 'skipped';
  }

  /** Removes an entry that was never whole, or whose project is gone. */
  async #discard(id: string): Promise<Completion> {
    await this.#remove(id);
    return 'skipped';
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #remove(id: string): Promise<void> {
    return rm(this.#fileOf(id), { force: true });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
