import type { DeploymentId } from '@anchor/core/names/id.ts';
import { PRODUCTION } from '@anchor/core/names/name.ts';
import type { AliasStore, ProjectStore } from '@anchor/core/ports/stores.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { FunctionScheduler } from './function-scheduler.ts';
import type { FunctionHostSettings } from './settings.ts';

type MinInstancesPorts = Readonly<{
  projects: Pick<ProjectStore, 'list'>;
  aliases: Pick<AliasStore, 'listByProject'>;
  pool: Pick<FunctionScheduler, 'keep'>;
  settings: Pick<FunctionHostSettings, 'memoryMb' | 'maxInstances'>;
}>;
/** How many instances of a deployment are kept, and the memory of one. */
type Minimum = Readonly<{ count: number; memoryMb: number }>;

const EVERY_MS = 5_000;
/** Part of a processor that looking may take: with thousands of projects it is done less often. */
const SHARE = 1 / 100;
/**
 * Part of the memory and of the instances of all functions that kept ones may hold for good: every other project needs
 * a first one.
 */
const FIRM_SHARE = 1 / 2;

/**
 * Keeps `minInstances` of what production is served by running, through starts of the platform, crashes and promotions.
 */
export class MinInstances {
  readonly #ports: MinInstancesPorts;
  readonly #everyMs: number;
  #current: ReadonlyMap<DeploymentId, Minimum> = new Map();
  #firm: ReadonlySet<DeploymentId> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(ports: MinInstancesPorts, everyMs: number = EVERY_MS) {
    this.#ports = ports;
    this.#everyMs = everyMs;
  }

  start(): void {
    void this.#turn();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async look(): Promise<void> {
    const wanted = new Map<DeploymentId, Minimum>();
    for await (const project of this.#projects()) {
      const count = project.functions.minInstances ?? 0;
      if (count === 0) continue;
      const aliases = await this.#ports.aliases.listByProject(project.id);
      const live = aliases.find((alias) => alias.kind === 'environment' && alias.target === PRODUCTION);
      if (live !== undefined) wanted.set(live.deploymentId, { count, memoryMb: project.functions.memoryMb });
    }
    if (this.#stopped) return;
    for (const deploymentId of this.#current.keys())
      if (!wanted.has(deploymentId)) this.#ports.pool.keep(deploymentId, 0);
    // Each time: one that crashed is started again when its pause is over.
    this.#firm = this.#firmOf(wanted);
    for (const [deploymentId, { count }] of wanted)
      this.#ports.pool.keep(deploymentId, count, this.#firm.has(deploymentId));
    this.#current = wanted;
  }

  /**
   * Returns the deployments whose first instance is never evicted. Earlier ones have priority: a later project takes
   * nothing from them.
   */
  #firmOf(wanted: ReadonlyMap<DeploymentId, Minimum>): ReadonlySet<DeploymentId> {
    const { memoryMb, maxInstances } = this.#ports.settings;
    const firm = new Set<DeploymentId>();
    let left = memoryMb * FIRM_SHARE;
    for (const before of [true, false]) {
      for (const [deploymentId, minimum] of wanted) {
        if (
          this.#firm.has(deploymentId) !== before ||
          minimum.memoryMb > left ||
          firm.size + 1 > maxInstances * FIRM_SHARE
        )
          continue;
        firm.add(deploymentId);
        left -= minimum.memoryMb;
      }
    }
    return firm;
  }

  async #turn(): Promise<void> {
    const startedAt = performance.now();
    // A database that cannot be read now is read at the next look.
    await this.look().catch(() => undefined);
    if (!this.#stopped)
      this.#timer = setTimeout(
        () => void this.#turn(),
        Math.max(this.#everyMs, (performance.now() - startedAt) / SHARE),
      ).unref();
  }

  async *#projects(): AsyncGenerator<Project> {
    let cursor: string | undefined;
    do {
      const page = await this.#ports.projects.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      yield* page.items;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}
