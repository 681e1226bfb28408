import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import type { BuildEvents, BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { OutputSink } from '../session/command.ts';
import type { Session } from '../session/session.ts';
import type { BuildContext, Runnable } from './build-context.ts';
import { fetchSources } from './checkout.ts';
import { compile } from './compile.ts';
import { saveDependencyCache } from './dependencies.ts';
import { installDependencies, type Installed } from './install-dependencies.ts';
import { saveNextCache } from './next-cache.ts';
import { packageOutput } from './package-output.ts';
import { prepare } from './prepare.ts';

/** The result of a build. `saveCaches` is called when all of its processes have exited. */
export type BuiltComponent = Readonly<{
  component: WebComponent;
  defaultNode?: string;
  saveCaches: () => Promise<void>;
}>;

/**
 * Runs the stages of a build of one component: checkout, install, compile, package, cache. All user code runs in the
 * session's sandboxes.
 */
export async function build(
  session: Session,
  request: BuildRequest,
  events: BuildEvents,
): Promise<Result<BuiltComponent>> {
  const sink = new OutputSink(events.output, session.limits.outputMb * 1048576);
  const context: BuildContext = { session, request, sink };

  events.step('fetch');
  const sources = await fetchSources(session, request, sink);
  if (!sources.ok) return sources;

  events.step('install');
  const prepared = await prepare(session, request, sink);
  if (!prepared.ok) return prepared;
  const { tools, plan } = prepared.value;
  if (tools === undefined) {
    events.step('build');
    events.step('package');
    const packaged = await packageOutput(context, prepared.value, {
      nextVersion: undefined,
      output: plan.output,
      framework: plan.framework,
      server: undefined,
    });
    return packaged.ok ? ok({ ...packaged.value, saveCaches: () => Promise.resolve() }) : packaged;
  }
  const runnable: Runnable = { ...prepared.value, tools };
  const installed = await installDependencies(context, runnable);
  if (!installed.ok) return installed;

  events.step('build');
  const compiled = await compile(context, runnable, installed.value);
  if (!compiled.ok) return compiled;

  events.step('package');
  const packaged = await packageOutput(context, runnable, compiled.value);
  if (!packaged.ok) return packaged;
  return ok({
    ...packaged.value,
    saveCaches: () => saveCaches(context, runnable, installed.value, packaged.value.distDir),
  });
}

async function saveCaches(
  { session, request }: BuildContext,
  { plan, project }: Runnable,
  { dependencies, skipped, clean }: Installed,
  distDir: string,
): Promise<void> {
  if (plan.output.kind === 'next') await saveNextCache(session, request, project, distDir);
  if (clean) await saveDependencyCache(session, request, dependencies, skipped);
}
