import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { parseId } from '@anchor/core/names/id.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { ServerContext } from '../context.ts';
import { acceptUpdates } from './pushed.ts';
import type { RefUpdate } from './commands.ts';

/**
 * What a push is about to change, on disk before git changes it: git stores refs, we store deliveries, and a crash in
 * between would lose the push for good, because the same push again finds everything up to date.
 */
export type PushIntents = Readonly<{
  /** Notes a push; the id makes its deliveries the same ones when it is acted on again. */
  begin(project: Project, updates: readonly RefUpdate[]): Promise<string>;
  /** Its deliveries are stored, or git refused it. */
  end(id: string): Promise<void>;
  /** It could not be acted on: the next recovery does. */
  leave(id: string): void;
  /** Acts on pushes that a crash left behind; those that git has not carried out (yet) are kept for `KEEP_MS`. Answers how many were acted on. */
  recover(): Promise<number>;
}>;

/** An orphaned git may still be unpacking after the crash; then its push is found at a later look. */
const KEEP_MS = 10 * 60_000;

const intentSchema = z.object({
  projectId: z.string(), at: z.number(),
  updates: z.array(z.object({ ref: z.string(), before: z.string().optional(), after: z.string().optional() })),
});

export function pushIntents(server: ServerContext): PushIntents {
  const { home, ports } = server;
  const directory = (project: Project): string | undefined => (home.git === undefined ? undefined : join(dirname(home.git.repositoryPath(project.id)), 'pushes'));
  let known: string | undefined;
  /** Of this process: a recovery must not act on a push that is still under way. */
  const running = new Set<string>();

  const removeFile = (id: string): Promise<void> => (known === undefined ? Promise.resolve() : rm(join(known, `${id}.json`), { force: true }));

  async function actOn(folder: string, file: string): Promise<boolean> {
    const id = file.slice(0, -'.json'.length);
    const intent = intentSchema.safeParse(await readFile(join(folder, file), 'utf8').then((text) => JSON.parse(text) as unknown).catch(() => undefined));
    const projectId = intent.success ? parseId('prj', intent.data.projectId) : undefined;
    const project = projectId === undefined ? undefined : await ports.projects.get(projectId);
    if (!intent.success || project === undefined || home.git === undefined) {
      await rm(join(folder, file), { force: true });
      return false;
    }
    const updates = intent.data.updates.map(({ ref, before, after }): RefUpdate => ({ ref, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }));
    const outcomes = await acceptUpdates(server, project, home.git.repositoryPath(project.id), updates, id);
    if (outcomes.length === 0 && ports.clock.now() - intent.data.at < KEEP_MS) return false;
    await rm(join(folder, file), { force: true });
    return outcomes.length > 0;
  }

  return {
    async begin(project, updates) {
      const id = randomUUID();
      const folder = directory(project);
      if (folder === undefined || updates.length === 0) return id;
      if (known !== folder) await mkdir(folder, { recursive: true, mode: 0o700 });
      known = folder;
      running.add(id);
      const handle = await open(join(folder, `${id}.json`), 'wx', 0o600);
      try {
        await handle.writeFile(JSON.stringify({ projectId: project.id, at: ports.clock.now(), updates }));
        await handle.datasync();
      } finally {
        await handle.close();
      }
      return id;
    },
    async end(id) {
      running.delete(id);
      await removeFile(id);
    },
    leave: (id) => void running.delete(id),
    async recover() {
      if (home.git === undefined) return 0;
      const folder = join(dirname(home.git.repositoryPath('prj_00000000000000000000')), 'pushes');
      let acted = 0;
      for (const file of await readdir(folder).catch(() => [])) {
        if (!file.endsWith('.json') || running.has(file.slice(0, -'.json'.length))) continue;
        if (await actOn(folder, file)) acted++;
      }
      return acted;
    },
  };
}
