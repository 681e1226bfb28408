import type { BuildEvents, BuildRequest, BuildRunner, Built } from '@anchor/core/ports/build-runner.ts';
import { err, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { BuildDisks } from './disk/build-disks.ts';
import { build, type BuiltComponent } from './stages/build.ts';
import { DEFAULT_LIMITS, type BuildLimits } from './session/limits.ts';
import type { BuilderOptions } from './session/builder-options.ts';
import { createSession, abortReason } from './session/session.ts';
import { openWorkDisk, type WorkDisk } from './disk/work-disk.ts';
import { manifestText } from '@anchor/packaging/output/manifest-text.ts';
import { displayName, secretsToScan, encodingsOf } from '@anchor/packaging/output/secret-scan.ts';

export type { BuilderOptions } from './session/builder-options.ts';

/**
 * A BuildRunner on this machine. `idle` resolves when clean-up after the last builds is done (for an orderly stop, and
 * tests).
 */
export type Builder = BuildRunner & Readonly<{ idle(): Promise<void>; disks: BuildDisks }>;

export const createBuilder = (options: BuilderOptions): Builder => new LocalBuilder(options);

/**
 * Builds one commit at a time per project (each has its own disk), any number of projects side by side. The result is
 * returned as soon as the artifact is stored. Caches are saved after that, and the project's next build waits for it.
 */
class LocalBuilder implements Builder {
  readonly disks: BuildDisks;
  readonly #options: BuilderOptions;
  readonly #limits: BuildLimits;
  /** The last build of each project, until its clean-up is done. */
  readonly #busy = new Map<string, Promise<void>>();

  constructor(options: BuilderOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.disks = new BuildDisks(options.sandboxes, this.#limits.cachesMb * 1_048_576);
  }

  unavailable(): ReturnType<BuildRunner['unavailable']> {
    return this.#options.sandboxes.available();
  }

  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
  }

  async run(request: BuildRequest, events: BuildEvents, signal: AbortSignal): Promise<Result<Built>> {
    const release = await this.#takeTurn(request.projectId);
    try {
      return await this.#buildOnDisk(request, events, signal, (cleanUp) => void cleanUp().finally(release));
    } catch (error) {
      release();
      return fail(
        'internal',
        'The build failed because of a fault in the platform',
        'Run `anchor redeploy`; if it fails again, report it with this text.',
        error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      );
    }
  }

  /** Waits for the project's earlier builds; returns what ends this one's turn. */
  async #takeTurn(project: string): Promise<() => void> {
    const before = this.#busy.get(project);
    const { promise: mine, resolve: release } = Promise.withResolvers<void>();
    const turn = Promise.all([before, mine]).then(() => undefined);
    this.#busy.set(project, turn);
    void turn.finally(() => this.#busy.get(project) === turn && this.#busy.delete(project));
    await before;
    return release;
  }

  /** Calls `after` exactly once on every path that returns, with work that may run after the result is returned. */
  async #buildOnDisk(
    request: BuildRequest,
    events: BuildEvents,
    canceled: AbortSignal,
    after: (cleanUp: () => Promise<void>) => void,
  ): Promise<Result<Built>> {
    const limits = this.#limits;
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(new DOMException('time limit', 'TimeoutError')),
      limits.minutes * 60_000,
    );
    const signal = AbortSignal.any([canceled, deadline.signal]);
    const opened = await this.#openDisk(request);
    if (!opened.ok) {
      clearTimeout(timer);
      after(() => Promise.resolve());
      return opened;
    }
    const work = opened.value;
    const session = createSession(this.#options, limits, work, request, signal);
    let saveCaches: () => Promise<void> = () => Promise.resolve();
    try {
      const built = await build(session, request, events);
      // A canceled command may have reported its work.
      if (signal.aborted) return err(abortError(built, abortReason(signal, limits)));
      if (!built.ok) return built;
      saveCaches = built.value.saveCaches;
      return await this.#store(built.value, request);
    } finally {
      clearTimeout(timer);
      await session.end();
      after(async () => {
        // A failed save or removal costs the next build time, and nothing else: it starts by freeing space.
        await saveCaches().catch(() => undefined);
        await work.cleanUp().catch(() => undefined);
        await work.disk.close();
        await this.disks.trim().catch(() => undefined);
      });
    }
  }

  #openDisk(request: BuildRequest): Promise<Result<WorkDisk>> {
    const { diskMb, cacheMb, cachesMb } = this.#limits;
    return openWorkDisk({
      sandboxes: this.#options.sandboxes,
      name: request.projectId.replaceAll('_', '-'),
      identity: request.projectId,
      sizeMb: diskMb,
      keepMb: Math.min(cacheMb, cachesMb),
    });
  }

  async #store({ component, defaultNode }: BuiltComponent, request: BuildRequest): Promise<Result<Built>> {
    const manifest = await manifestText(component, this.#limits);
    if (!manifest.ok) return manifest;
    const text = manifest.value;
    const named = secretsToScan(request.secrets, request.variables, request.credentials).find(({ value }) =>
      encodingsOf(value).some((form) => text.includes(form)),
    );
    if (named !== undefined)
      return fail(
        'output_refused',
        `The secret ${displayName(named)} would become part of the manifest`,
        'Keep secrets out of file names, headers and redirects; if it is no secret, set it with: anchor env set NAME=value --plain',
      );
    const artifact = await this.#options.blobs.put(new TextEncoder().encode(text));
    return ok({ artifact, ...(defaultNode === undefined ? {} : { defaultNode }) });
  }
}

/** An aborted build keeps its own error where that names the same reason. */
const abortError = (built: Result<unknown>, reason: AnchorError): AnchorError =>
  !built.ok && built.error.code === reason.code ? built.error : reason;
