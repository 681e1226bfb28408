import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeLine } from '@anchor/core/logs/line-json.ts';
import { parseId, type DeploymentId, type ProjectId } from '@anchor/core/names/id.ts';
import type { LogKind } from '@anchor/core/ports/log-store.ts';
import { logFiles } from './log-files.ts';
import { lastNumber } from './log-reader.ts';

type Log = Readonly<{
  deploymentId: DeploymentId;
  kind: LogKind;
  directory: string;
  files: readonly string[];
  bytes: number;
  changedAt: number;
}>;

/** A smaller log is not worth removing: the note in its place takes about as much. */
const SMALL = 4_096;
const MAX_KNOWN = 100_000;

/** Keeps the logs of each project within a number of bytes: the ones that were written to longest ago go first. */
export class LogQuota {
  readonly #logs: string;
  readonly #maxBytes: number;
  readonly #projectOf: (deploymentId: DeploymentId) => Promise<ProjectId | undefined>;
  readonly #known = new Map<DeploymentId, ProjectId>();

  constructor(
    logs: string,
    maxBytes: number,
    projectOf: (deploymentId: DeploymentId) => Promise<ProjectId | undefined>,
  ) {
    this.#logs = logs;
    this.#maxBytes = maxBytes;
    this.#projectOf = projectOf;
  }

  /** Removes logs beyond the limit, and leaves a line in their place. Returns the freed bytes. */
  async sweep(): Promise<number> {
    const all = [...(await this.#logsIn('build')), ...(await this.#logsIn('run'))];
    // All together fit into what one may have: nothing to look up.
    if (sum(all) <= this.#maxBytes) return 0;
    const byProject = new Map<ProjectId, Log[]>();
    for (const log of all) {
      const projectId = await this.#project(log.deploymentId);
      if (projectId !== undefined) byProject.set(projectId, [...(byProject.get(projectId) ?? []), log]);
    }
    let freed = 0;
    for (const logs of byProject.values()) freed += await this.#trim(logs);
    return freed;
  }

  async #trim(logs: readonly Log[]): Promise<number> {
    let freed = 0;
    let bytes = sum(logs);
    for (const log of logs.toSorted((a, b) => a.changedAt - b.changedAt)) {
      if (bytes <= this.#maxBytes) break;
      if (log.bytes < SMALL) continue;
      // Followers of the log wait for higher numbers than they have seen.
      const n = (await lastNumber(logFiles(this.#logs, log.kind, log.deploymentId)).catch(() => 0)) + 1;
      for (const file of log.files) await rm(join(log.directory, file), { force: true });
      const text = `anchor: this log was removed: the logs of the project took more than ${Math.floor(this.#maxBytes / 1_048_576)} MB`;
      await writeFile(
        join(log.directory, `${log.deploymentId}.jsonl`),
        encodeLine({ n, at: Date.now(), level: 'warn', text }),
      );
      bytes -= log.bytes;
      freed += log.bytes;
    }
    return freed;
  }

  async #logsIn(kind: LogKind): Promise<readonly Log[]> {
    const directory = join(this.#logs, kind);
    const found = new Map<DeploymentId, { files: string[]; bytes: number; changedAt: number }>();
    for (const name of await readdir(directory).catch(() => [])) {
      const [id = ''] = name.split('.');
      const deploymentId = parseId('dpl', id);
      if (deploymentId === undefined || !name.endsWith('.jsonl')) continue;
      const file = await stat(join(directory, name)).catch(() => undefined);
      if (file === undefined) continue;
      const log = found.get(deploymentId) ?? { files: [], bytes: 0, changedAt: 0 };
      found.set(deploymentId, {
        files: [...log.files, name],
        bytes: log.bytes + file.size,
        changedAt: Math.max(log.changedAt, file.mtimeMs),
      });
    }
    return [...found].map(([deploymentId, log]) => ({ deploymentId, kind, directory, ...log }));
  }

  async #project(deploymentId: DeploymentId): Promise<ProjectId | undefined> {
    const known = this.#known.get(deploymentId);
    if (known !== undefined) return known;
    const projectId = await this.#projectOf(deploymentId);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    if (projectId !== undefined) this.#known.set(deploymentId, projectId);
    return projectId;
  }
}

const sum = (logs: readonly Log[]): number => logs.reduce((bytes, log) => bytes + log.bytes, 0);
