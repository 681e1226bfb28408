import type { Mount, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import {
  installEnvironment,
  installStep,
  logSkippedScripts,
  runInstall,
  runLifecycle,
  type InstallContext,
  type InstallStep,
} from '../install/install.ts';
import { capture, type CommandResult } from '../session/command.ts';
import { buildEnvironment } from '../session/environment.ts';
import { abortReason } from '../session/session.ts';
import { DEFAULT_MAJOR, defaultNodeRange } from '../tools/nodes.ts';
import { pathInApp, type BuildContext, type Runnable } from './build-context.ts';
import { isCleanInstall, planDependencies, type Dependencies } from './dependencies.ts';
import { explainFailure } from './explain.ts';
import { installedVersion } from './installed-version.ts';
import { copyNextCache, restoreNextCache, type NextCache } from './next-cache.ts';
import { TRACE_MOUNTS } from './trace.ts';

/** The sandbox with the dependencies in place, and what is known of them. */
export type Installed = Readonly<{
  sandbox: SandboxHandle;
  dependencies: Dependencies;
  /** Packages whose install scripts the package manager skipped. */
  skipped: readonly string[];
  /** Whether the tree can be cached: the install changed nothing but node_modules. */
  clean: boolean;
  /** Of a Next.js build. */
  nextVersion: string | undefined;
}>;

/** Restores caches, opens the build's sandbox, and installs the dependencies or puts cached ones in place. */
export async function installDependencies(context: BuildContext, prepared: Runnable): Promise<Result<Installed>> {
  const { session, request, sink } = context;
  const {
    plan,
    project,
    manager,
    installFolder,
    tools: { node, toolchain },
  } = prepared;
  sink.log(`Node ${node.version}${reasonForNode(context, prepared)}, ${manager.name} ${toolchain.version}`, 'install');
  const step = installStep(manager, toolchain.version, request.settings.installCommand);
  const command = 'argv' in step.command ? step.command.argv.join(' ') : step.command.shell;
  const salt = [node.version, manager.name, toolchain.version, command, installFolder, process.arch];
  const dependencies = await planDependencies(session, request, manager, step, installFolder, salt);
  const cache: NextCache =
    plan.output.kind === 'next' ? await restoreNextCache(session, request, project) : { copy: false, mounts: [] };
  const opened = await session.sandbox('b', [
    ...toolMounts(context, prepared),
    ...dependencies.mounts,
    ...cache.mounts,
  ]);
  if (!opened.ok) return opened;
  const sandbox = opened.value;
  const installed =
    prepared.hasPackage && request.settings.installCommand?.trim() !== ''
      ? await installOrReuse(context, prepared, { step, dependencies, sandbox })
      : ok({ skipped: dependencies.skipped, clean: dependencies.how !== 'install' });
  if (!installed.ok) return installed;
  if (cache.copy)
    await copyNextCache((...argv) =>
      capture(sandbox, { argv, env: { PATH: '/usr/bin:/bin' }, cwd: pathInApp(project) }, 4096),
    );
  const nextVersion =
    plan.output.kind === 'next' ? await installedVersion(session.work.source, project, 'next') : undefined;
  if (plan.output.kind === 'next' && nextVersion === undefined)
    return fail(
      'install_failed',
      'next is not installed',
      'Check that "next" is in the dependencies of the root directory\'s package.json, and that the install command installs them.',
    );
  return ok({ sandbox, dependencies, ...installed.value, nextVersion });
}

type InstallParts = Readonly<{ step: InstallStep; dependencies: Dependencies; sandbox: SandboxHandle }>;

async function installOrReuse(
  context: BuildContext,
  { manager, yarn, installFolder, tools: { toolchain } }: Runnable,
  { step, dependencies, sandbox }: InstallParts,
): Promise<Result<Pick<Installed, 'skipped' | 'clean'>>> {
  const { session, request, sink } = context;
  const cwd = pathInApp(installFolder);
  const env = installEnvironment(
    buildEnvironment({
      variables: request.variables,
      cwd,
      manager: manager.name,
      yarn,
      trustStore: session.options.trustStore,
    }),
    manager.name,
  );
  const explain = explainIn(context, sandbox, {
    what: 'The install',
    code: 'install_failed',
    fix: 'Run the same install command in a fresh clone to reproduce the problem.',
  });
  const install: InstallContext = { sandbox, sink, env, cwd, explain };
  if (dependencies.how === 'copy' && !(await copyTree(sandbox, dependencies, env)))
    sink.log('The cached dependencies could not be copied; installing', 'install', 'warn');
  else if (dependencies.how !== 'install') {
    sink.log('Dependencies unchanged: using the cached ones', 'install');
    logSkippedScripts(sink, manager, toolchain.version, dependencies.skipped);
    const scripts = await runLifecycle(manager, dependencies.scripts, install);
    return scripts.ok ? ok({ skipped: dependencies.skipped, clean: true }) : scripts;
  }
  if (manager.lockFile === undefined)
    sink.log(
      'There is no lock file: every build resolves the versions again. Commit one for reproducible and faster builds.',
      'install',
      'warn',
    );
  const skipped = await runInstall(step, manager, toolchain.version, install);
  if (!skipped.ok) return skipped;
  logSkippedScripts(sink, manager, toolchain.version, skipped.value);
  return ok({ skipped: skipped.value, clean: await isCleanInstall(session, dependencies) });
}

/** Returns where the version of Node comes from, for the log. */
function reasonForNode({ request: { pinnedNodeMajor } }: BuildContext, { tools: { nodeFrom } }: Runnable): string {
  if (nodeFrom !== undefined) return ` (${nodeFrom})`;
  if (defaultNodeRange(pinnedNodeMajor) === defaultNodeRange())
    return ' (nothing names another; engines.node in package.json would)';
  return ` (as an earlier deployment; the default is ${DEFAULT_MAJOR} by now: "engines": { "node": "${DEFAULT_MAJOR}.x" } in package.json moves there)`;
}

function toolMounts({ session }: BuildContext, { plan, tools: { node, toolchain } }: Runnable): readonly Mount[] {
  return [
    { kind: 'read', from: node.dir, to: SANDBOX_PATHS.node },
    { kind: 'read', from: session.options.modules, to: SANDBOX_PATHS.runtime },
    ...toolchain.mounts.map((mount): Mount => ({ kind: 'read', ...mount })),
    ...(plan.output.kind === 'next' ? [] : TRACE_MOUNTS),
  ];
}

async function copyTree(
  sandbox: SandboxHandle,
  dependencies: Dependencies,
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  for (const [i, path] of (dependencies.copyFrom?.paths ?? []).entries()) {
    const argv = ['cp', '-a', '--reflink=auto', '--', `${SANDBOX_PATHS.cachedDependencies}/${i}`, pathInApp(path)];
    const { exit } = await capture(sandbox, { argv, env, cwd: SANDBOX_PATHS.app }, 4096);
    if (exit.code !== 0) return false;
  }
  return true;
}

type Failure = Readonly<{ what: string; code: 'install_failed' | 'build_failed'; fix: string }>;

/** Returns the function that makes an error of a command that failed in the build's sandbox. */
export const explainIn =
  ({ session, request }: BuildContext, sandbox: SandboxHandle, failure: Failure) =>
  (ended: CommandResult): Promise<AnchorError> =>
    explainFailure(ended, {
      ...failure,
      sandbox,
      disk: session.work.disk,
      limits: session.limits,
      variables: request.variables,
      runOnly: request.runOnly ?? [],
      branch: request.source.branch,
      early: session.signal.aborted ? abortReason(session.signal, session.limits) : undefined,
      redact: session.redact,
    });
