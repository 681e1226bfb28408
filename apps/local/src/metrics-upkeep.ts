import { EdgeMetrics } from '@anchor/adapter-local/metrics/edge-metrics.ts';
import { openMetricStore, type LocalMetricStore } from '@anchor/adapter-local/metrics/metric-store.ts';
import type { Paths } from '@anchor/adapter-local/paths.ts';
import { RequestMetrics } from '@anchor/core/metrics/request-metrics.ts';
import { parseId, type ProjectId } from '@anchor/core/names/id.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { ProcessLog } from './process-log.ts';
import type { Settings } from './settings.ts';

const READ_MS = 5_000;
const FLUSH_MS = 30_000;
const EXPIRE_MS = 3_600_000;
/** Deployments whose project is remembered. */
const MAX_KNOWN = 10_000;

type Parts = Readonly<{ ports: Ports; paths: Paths; settings: Settings; log: ProcessLog }>;

/** Collects the counts of the edge workers, stores them, and removes old ones. */
export class MetricsUpkeep {
  readonly metrics: RequestMetrics;
  readonly #parts: Parts;
  readonly #store: LocalMetricStore;
  readonly #edge: EdgeMetrics;
  readonly #projects = new Map<string, ProjectId | undefined>();
  readonly #timers: NodeJS.Timeout[] = [];
  #reading: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { ports, paths, settings } = parts;
    this.#store = openMetricStore(paths.metrics);
    this.metrics = new RequestMetrics({ metrics: this.#store, clock: ports.clock });
    this.#edge = new EdgeMetrics(
      () => Array.from({ length: settings.edgeWorkers }, (_, worker) => paths.edgeSocket(worker)),
      parts.log.error,
    );
  }

  start(): void {
    const { log } = this.#parts;
    const every = (ms: number, what: string, run: () => Promise<unknown>): void =>
      void this.#timers.push(setInterval(() => void log.step(what, run), ms).unref());
    every(READ_MS, 'requests are counted', () => this.#read());
    every(FLUSH_MS, 'counts of requests are stored', () => this.metrics.flush());
    every(EXPIRE_MS, 'old counts of requests are removed', () => this.metrics.expire());
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const { log } = this.#parts;
    await log.step('requests are counted', () => this.#read());
    await log.step('counts of requests are stored', () => this.metrics.flush(true));
    await this.#edge.acknowledge();
    this.#store.close();
  }

  /** Reads the workers; a call while one is running waits for that one. */
  #read(): Promise<void> {
    this.#reading ??= this.#collect().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #collect(): Promise<void> {
    for (const { at, deploymentId, counts } of await this.#edge.read()) {
      const projectId = await this.#projectOf(deploymentId);
      if (projectId !== undefined) this.metrics.add(projectId, at, counts);
    }
  }

  async #projectOf(deployment: string): Promise<ProjectId | undefined> {
    if (this.#projects.has(deployment)) return this.#projects.get(deployment);
    const id = parseId('dpl', deployment);
    const projectId = id === undefined ? undefined : (await this.#parts.ports.deployments.get(id))?.projectId;
    if (this.#projects.size >= MAX_KNOWN) this.#projects.clear();
    this.#projects.set(deployment, projectId);
    return projectId;
  }
}
