import { manifestSchema } from '@anchor/core/artifact/manifest.ts';
import type { BuildEvents, BuildRequest, BuildRunner, Built } from '@anchor/core/ports/build-runner.ts';
import { err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { build } from './run/build.ts';
import { DEFAULT_LIMITS, type BuildLimits } from './run/limits.ts';
import type { BuilderOptions } from './run/options.ts';
import { createSession, endedEarly } from './run/session.ts';
import { openWorkDisk } from './run/work-disk.ts';
import { called, guardedSecrets, spellings } from './output/guarded-secrets.ts';

export type { BuilderOptions } from './run/options.ts';

/** A BuildRunner on this machine. `idle` resolves when clean-up after the last builds is done (for an orderly stop, and tests). */
export type Builder = BuildRunner & Readonly<{ idle(): Promise<void> }>;

/**
 * Builds one commit at a time per project (its disk is its own), any number of projects side by side. The result is
 * given as soon as the artifact is stored; caches are put away after that, and the project's next build waits for it.
 */
export function createBuilder(options: BuilderOptions): Builder {
  const limits: BuildLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const busy = new Map<string, Promise<void>>();

  const run = async (request: BuildRequest, events: BuildEvents, signal: AbortSignal): Promise<Result<Built>> => {
    const before = busy.get(request.projectId);
    let release: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => { release = resolve; });
    const turn = Promise.all([before, mine]).then(() => undefined);
    busy.set(request.projectId, turn);
    const forget = async () => {
      await turn;
      if (busy.get(request.projectId) === turn) busy.delete(request.projectId);
    };
    void forget();
    await before;
    try {
      return await exclusive(request, events, signal, (tidy) => void tidy().finally(release));
    } catch (error) {
      release();
      return fail('internal', 'The build stopped because of a fault in the platform', 'Try again; if it happens again, report it with this text.', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  };

  /** Calls `after` exactly once on every path that returns, with what may happen when the answer is out. */
  const exclusive = async (request: BuildRequest, events: BuildEvents, canceled: AbortSignal, after: (tidy: () => Promise<void>) => void) => {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new DOMException('time limit', 'TimeoutError')), limits.minutes * 60_000);
    const signal = AbortSignal.any([canceled, deadline.signal]);
    const opened = await openWorkDisk({ sandboxes: options.sandboxes, name: request.projectId.replaceAll('_', '-'), identity: request.projectId, sizeMb: limits.diskMb });
    if (!opened.ok) {
      clearTimeout(timer);
      after(() => Promise.resolve());
      return opened;
    }
    const work = opened.value;
    const session = createSession(options, limits, work, request, signal);
    let keepCaches: () => Promise<void> = () => Promise.resolve();
    try {
      const built = await build(session, request, events);
      if (signal.aborted) return err(endedEarly(signal, limits));
      if (!built.ok) return built;
      keepCaches = built.value.keepCaches;
      const manifest = manifestSchema.safeParse({ version: 1, components: { web: built.value.component } });
      if (!manifest.success) return fail('artifact_invalid', 'The build output can not be described', 'Check the names and headers of the output files.', manifest.error.issues[0] === undefined ? undefined : `${manifest.error.issues[0].path.join('.')}: ${manifest.error.issues[0].message}`.slice(0, 500));
      const text = JSON.stringify(manifest.data);
      const named = guardedSecrets(request.secrets, request.variables, request.credentials).find(({ value }) => spellings(value).some((form) => text.includes(form)));
      if (named !== undefined) return fail('output_refused', `The secret ${called(named)} would become part of the manifest`, 'Keep secrets out of file names, headers and redirects; if it is no secret, set it with: anchor env set NAME=value --plain');
      const artifact = await options.blobs.put(new TextEncoder().encode(text));
      return ok({ artifact, ...(built.value.defaultNode === undefined ? {} : { defaultNode: built.value.defaultNode }) });
    } finally {
      clearTimeout(timer);
      await session.end();
      after(async () => {
        // What can not be kept or deleted costs the next build time, and nothing else: it starts by making room.
        await keepCaches().catch(() => undefined);
        await work.tidy().catch(() => undefined);
        await work.disk.close();
      });
    }
  };

  return {
    run,
    unavailable: () => options.sandboxes.available(),
    async idle() {
      while (busy.size > 0) await Promise.all(busy.values());
    },
  };
}
