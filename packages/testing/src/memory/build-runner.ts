import { manifestSchema } from '@anchor/core/artifact/manifest.ts';
import type { Check } from '@anchor/protocol/artifact/web/checks.ts';
import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import type { BuildEvents, BuildRunner, BuildRequest, Built } from '@anchor/core/ports/build-runner.ts';
import { fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';

export type MemoryBuilds = BuildRunner & {
  /** Every request that was run, oldest first. */
  readonly requests: readonly BuildRequest[];
  /** The Node major that the next builds take because nothing names one. */
  defaultNode: string | undefined;
  /** The function of the next builds; without one they leave a page alone. */
  functionEntry: FunctionEntry | undefined;
  /** The routes that the next deployments must serve. */
  checks: readonly Check[];
  /** The behaviour of the next builds before they leave their artifact; an error fails them. */
  during: (request: BuildRequest, events: BuildEvents, signal: AbortSignal) => Promise<AnchorError | undefined>;
};

/** Creates a builder of one page: the page names the commit, so that two commits leave two artifacts. */
export function buildRunner(blobs: BlobStore): MemoryBuilds {
  const requests: BuildRequest[] = [];
  const runner: MemoryBuilds = {
    requests,
    defaultNode: undefined,
    functionEntry: undefined,
    checks: [],
    during: async () => undefined,
    unavailable: async () => ok(undefined),
    async run(request, events, signal): Promise<Result<Built>> {
      requests.push(request);
      events.step('build');
      events.output(`building ${request.deploymentId}\n`, 'info', 'build');
      const error = await runner.during(request, events, signal);
      if (signal.aborted) return fail('canceled', 'The build was stopped', 'Deploy again.');
      if (error !== undefined) return { ok: false, error };
      const page = new TextEncoder().encode(`<h1>${request.source.commit ?? request.deploymentId}</h1>`);
      const manifest = manifestSchema.parse({
        version: 1,
        components: {
          web: {
            kind: 'web',
            framework: { name: 'static' },
            basePath: '',
            trailingSlash: false,
            prerenders: {},
            files: { '/index.html': { blob: await blobs.put(page), size: page.length, type: 'text/html' } },
            ...(runner.checks.length === 0 ? {} : { checks: runner.checks }),
            ...(runner.functionEntry === undefined ? {} : { function: runner.functionEntry }),
          },
        },
      });
      const artifact = await blobs.put(new TextEncoder().encode(JSON.stringify(manifest)));
      return ok({ artifact, ...(runner.defaultNode === undefined ? {} : { defaultNode: runner.defaultNode }) });
    },
  };
  return runner;
}
