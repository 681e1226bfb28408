import semver from 'semver';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { settleOutput } from '@anchor/packaging/detect/built-output.ts';
import type { Plan } from '@anchor/packaging/detect/plan.ts';
import { OTHER_HOST } from '@anchor/packaging/detect/frameworks.ts';
import { runScript } from '@anchor/packaging/detect/package-manager.ts';
import { turboCommand } from '@anchor/packaging/detect/turbo.ts';
import type { PackageInput } from '@anchor/packaging/package-component.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { runCommand } from '../session/command.ts';
import { buildEnvironment } from '../session/environment.ts';
import { pathInApp, type BuildContext, type Runnable } from './build-context.ts';
import { saveDependencyCache } from './dependencies.ts';
import { explainIn, type Installed } from './install-dependencies.ts';
import { installedVersion } from './installed-version.ts';
import { prepareServer } from './prepare-server.ts';

/** The output of the build, and how it is run where it is a server. */
export type Compiled = Pick<PackageInput, 'nextVersion' | 'output' | 'framework' | 'server'>;

/** The first Next version with the adapter interface. */
const MIN_ADAPTER_VERSION = '16.2.0';

/**
 * Runs the build command, finds its output, and ends everything of the user's: the output is read while nothing can
 * change it.
 */
export async function compile(
  context: BuildContext,
  prepared: Runnable,
  installed: Installed,
): Promise<Result<Compiled>> {
  const { session, request, sink } = context;
  const { plan, project } = prepared;
  const since = Date.now();
  if (plan.build !== undefined) {
    const ran = await runBuild(context, prepared, installed, plan.build);
    if (!ran.ok) return ran;
  }
  const settled = await settleOutput(session.work.source, project, plan, request.settings, since);
  if (!settled.ok) return settled;
  const { output, framework, because } = settled.value;
  if (because !== undefined) sink.log(`Serving ${framework}: ${because}`, 'build');
  const server =
    output.kind === 'server' ? await prepareServer(session, installed.sandbox, prepared, output, sink) : ok(undefined);
  if (!server.ok) return server;
  await session.end();
  if (session.signal.aborted) return fail('canceled', 'The build was stopped', 'Deploy again.');
  return ok({ nextVersion: installed.nextVersion, output, framework, server: server.value });
}

async function runBuild(
  context: BuildContext,
  prepared: Runnable,
  installed: Installed,
  command: NonNullable<Plan['build']>,
): Promise<Result<void>> {
  const { session, request, sink } = context;
  const { project, manager, installFolder } = prepared;
  const { sandbox, dependencies, clean, skipped } = installed;
  const cwd = pathInApp('turbo' in command ? installFolder : project);
  // The build command is shell text of the user by nature: it runs in the sandbox only, handed to sh as one argument.
  const argv =
    'shell' in command
      ? ['/bin/sh', '-c', command.shell]
      : 'script' in command
        ? runScript(manager, command.script)
        : turboCommand(
            command.turbo,
            semver.major((await installedVersion(session.work.source, installFolder, 'turbo')) ?? '2.0.0'),
          );
  sink.log(`$ ${'shell' in command ? command.shell : argv.join(' ')}`, 'build');
  const ended = await runCommand(
    sandbox,
    { argv, env: environmentOf(context, prepared, installed, cwd), cwd },
    'build',
    sink,
  );
  if (ended.exit.code === 0) return ok(undefined);
  const explain = explainIn(context, sandbox, {
    what: 'The build',
    code: 'build_failed',
    fix: 'Read the log above the error, and run the same command in a fresh clone to reproduce it.',
  });
  const error = await explain(ended);
  // A failure of the code does not put freshly installed dependencies in doubt; cached ones are reinstalled once.
  if (error.code === 'build_failed' && dependencies.how === 'install' && clean && !session.signal.aborted) {
    await session.end();
    await saveDependencyCache(session, request, dependencies, skipped);
  }
  return err(error);
}

function environmentOf(
  { session, request }: BuildContext,
  { plan, manager, yarn, installFolder }: Runnable,
  { nextVersion }: Installed,
  cwd: string,
): Readonly<Record<string, string>> {
  const variables = { ...plan.buildEnvironment, ...buildVariables(plan, request.variables) };
  const environment = buildEnvironment({
    variables,
    cwd,
    manager: manager.name,
    yarn,
    trustStore: session.options.trustStore,
  });
  if (nextVersion === undefined) return environment;
  return {
    ...environment,
    // A build that turbo kept would be of an earlier deployment.
    ...(request.variables['TURBO_FORCE'] === undefined ? { TURBO_FORCE: 'true' } : {}),
    ...(semver.gte(nextVersion, MIN_ADAPTER_VERSION)
      ? { NEXT_ADAPTER_PATH: `${SANDBOX_PATHS.runtime}/next-adapter.js` }
      : standaloneEnvironment(request)),
    // Next looks for the root of the repository by its lock file; without one it would not see packages above the
    // application.
    ...(manager.lockFile === undefined ? { NEXT_PRIVATE_OUTPUT_TRACE_ROOT: pathInApp(installFolder) } : {}),
  };
}

/**
 * Returns the project's variables, without those that make a framework build for another host. A project that sets
 * VERCEL itself keeps them.
 */
function buildVariables(
  { known, output, aroundNext }: Plan,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (
    output.kind === 'next' ||
    aroundNext === true ||
    variables['VERCEL'] !== undefined ||
    (known === undefined && output.kind !== 'server')
  )
    return variables;
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !OTHER_HOST.includes(name)));
}

/** Next before its adapter interface: the traced server as output, and the deployment's id in what its client sends. */
const standaloneEnvironment = ({ deploymentId, variables }: BuildRequest): Readonly<Record<string, string>> => ({
  NEXT_PRIVATE_STANDALONE: 'true',
  ...(variables['NEXT_DEPLOYMENT_ID'] === undefined ? { NEXT_DEPLOYMENT_ID: deploymentId } : {}),
});
