import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import semver from 'semver';
import type { WebComponent } from '@anchor/core/artifact/manifest.ts';
import type { BuildEvents, BuildRequest } from '@anchor/core/ports/build-runner.ts';
import type { Mount, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { runScript } from '../detect/package-manager.ts';
import { turboCommand } from '../detect/turbo.ts';
import { installEnvironment, installStep, runInstall, runLifecycle } from '../install/install.ts';
import { createArtifactStore, type Leak } from '../output/artifact-store.ts';
import { called, guardedSecrets } from '../output/guarded-secrets.ts';
import { bringSources } from './checkout.ts';
import { capture, OutputSink, runCommand, type Ended } from './command.ts';
import { keepDependencies, leftNothingElse, planDependencies, type Dependencies } from './dependencies.ts';
import { buildEnvironment, PLACES } from './environment.ts';
import { explainFailure } from './explain.ts';
import { APP, readJsonInside } from './inside.ts';
import { bringNextCache, keepNextCache, type NextCache } from './next-cache.ts';
import { packageComponent, type PackageInput } from './package.ts';
import { prepare, type Prepared } from './prepare.ts';
import type { Session } from './session.ts';
import { DEFAULT_MAJOR, defaultNode } from '../tools/nodes.ts';

/** What a build made, and what it leaves for the next one: `keepCaches` is called when its processes are gone. */
export type Built = Readonly<{ component: WebComponent; defaultNode?: string; keepCaches: () => Promise<void> }>;

/** The first Next version with the adapter interface. */
const ADAPTER_SINCE = '16.2.0';

/** fetch → install → build → package of one component. Everything of the user's runs in the session's sandboxes. */
export async function build(session: Session, request: BuildRequest, events: BuildEvents): Promise<Result<Built>> {
  const sink = new OutputSink(events.output, session.limits.outputMb * 1048576);
  events.step('fetch');
  const sources = await bringSources(session, request, sink);
  if (!sources.ok) return sources;
  events.step('install');
  const prepared = await prepare(session, request, sink);
  if (!prepared.ok) return prepared;
  if (prepared.value.tools === undefined) {
    events.step('build');
    events.step('package');
    return finish(session, request, sink, { prepared: prepared.value, nextVersion: undefined, traced: undefined }, () => Promise.resolve());
  }
  const { plan, project, manager, nodeModules, tools: { node, toolchain } } = prepared.value;
  const because = plan.nodeRange !== undefined ? '' : defaultNode(request.keptNode) === defaultNode()
    ? ' (nothing names another; engines.node in package.json would)'
    : ` (as an earlier deployment; the default is ${DEFAULT_MAJOR} by now: "engines": { "node": "${DEFAULT_MAJOR}.x" } in package.json moves there)`;
  sink.say(`Node ${node.version}${because}, ${manager.name} ${toolchain.version}`, 'install');
  const step = installStep(manager, toolchain.version, request.settings.installCommand);
  const salt = [node.version, manager.name, toolchain.version, 'argv' in step.command ? step.command.argv.join(' ') : step.command.shell, prepared.value.installFolder, process.arch];
  const dependencies = await planDependencies(session, request, manager, step, prepared.value.installFolder, salt);
  const cache: NextCache = plan.output.kind === 'next' ? await bringNextCache(session, request, project) : { copy: false, mounts: [] };
  const made = await session.sandbox('b', [...baseMounts(session, { plan, tools: prepared.value.tools }), ...dependencies.mounts, ...cache.mounts]);
  if (!made.ok) return made;
  const sandbox = made.value;
  const inApp = (folder: string): string => (folder === '' ? APP : `${APP}/${folder}`);
  const explain = (what: string, code: 'install_failed' | 'build_failed', fix: string) => (ended: Ended) =>
    explainFailure(ended, { what, code, fix, sandbox, disk: session.work.disk, limits: session.limits, redact: session.redact });

  let clean = dependencies.how !== 'install';
  if (prepared.value.hasPackage && request.settings.installCommand?.trim() !== '') {
    const cwd = inApp(prepared.value.installFolder);
    const context = { sandbox, sink, env: installEnvironment(buildEnvironment({ variables: request.variables, cwd, manager: manager.name, nodeModules, trustStore: session.options.trustStore })), cwd, explain: explain('The install', 'install_failed', 'Run the same install command locally on a fresh clone to see what is wrong.') };
    const installed = await install(context.env, cwd);
    if (!installed.ok) return installed;
    async function install(env: Readonly<Record<string, string>>, folder: string): Promise<Result<void>> {
      if (dependencies.how === 'copy' && !(await copyTree(sandbox, dependencies, env))) sink.say('The kept dependencies could not be copied; installing', 'install', 'warn');
      else if (dependencies.how !== 'install') {
        sink.say('Dependencies unchanged: using those of an earlier build', 'install');
        return runLifecycle(manager, dependencies.scripts, context);
      }
      if (manager.lockFile === undefined) sink.say('There is no lock file: versions are resolved anew by every build. Commit one to get the same build twice, and faster ones.', 'install', 'warn');
      const result = await runInstall(step, { ...context, env, cwd: folder });
      if (result.ok) clean = await leftNothingElse(session, dependencies);
      return result;
    }
  }
  if (cache.copy) await copyNextCache(sandbox, inApp(project));

  const next = plan.output.kind === 'next' ? await installedVersion(session, project, 'next') : undefined;
  if (plan.output.kind === 'next' && next === undefined) return fail('install_failed', 'next is not installed', 'Check that "next" is in the dependencies of the root directory\'s package.json, and that the install command installs them.');
  const adapter = next !== undefined && semver.gte(next, ADAPTER_SINCE);
  events.step('build');
  if (plan.build !== undefined) {
    const cwd = inApp('turbo' in plan.build ? prepared.value.installFolder : project);
    const env = {
      ...buildEnvironment({ variables: request.variables, cwd, manager: manager.name, nodeModules, trustStore: session.options.trustStore }),
      // A build that turbo kept would be of an earlier deployment.
      ...(next === undefined || request.variables['TURBO_FORCE'] !== undefined ? {} : { TURBO_FORCE: 'true' }),
      ...(next === undefined ? {} : adapter ? { NEXT_ADAPTER_PATH: `${PLACES.modules}/next-adapter.js` } : standaloneEnvironment(request)),
    };
    // The build command is shell text of the user by nature: it runs in the sandbox only, handed to sh as one argument.
    const argv = 'shell' in plan.build ? ['/bin/sh', '-c', plan.build.shell]
      : 'script' in plan.build ? runScript(manager, plan.build.script)
        : turboCommand(plan.build.turbo, semver.major((await installedVersion(session, prepared.value.installFolder, 'turbo')) ?? '2.0.0'));
    sink.say(`$ ${'shell' in plan.build ? plan.build.shell : argv.join(' ')}`, 'build');
    const ended = await runCommand(sandbox, { argv, env, cwd }, 'build', sink);
    if (ended.exit.code !== 0) {
      const error = await explain('The build', 'build_failed', 'See the log above the error; the same command in a fresh clone fails the same way.')(ended);
      // A failure of the code says nothing against freshly installed dependencies; kept ones are doubted once.
      if (error.code === 'build_failed' && dependencies.how === 'install' && clean && !session.signal.aborted) {
        await session.end();
        await keepDependencies(session, request, dependencies);
      }
      return err(error);
    }
  }
  const traced = plan.output.kind === 'server' && plan.output.start.kind === 'argv' && plan.output.start.entry !== undefined ? await trace(session, sandbox, prepared.value, plan.output.start.entry) : undefined;
  // From here on nothing of the user's runs: the output lies still while we read it.
  await session.end();
  if (session.signal.aborted) return fail('canceled', 'The build was stopped', 'Deploy again.');

  events.step('package');
  return finish(session, request, sink, { prepared: prepared.value, nextVersion: next, traced }, async (distDir) => {
    if (plan.output.kind === 'next') await keepNextCache(session, request, project, distDir);
    if (clean) await keepDependencies(session, request, dependencies);
  });
}

/** Stores the output. Nothing of the user's runs any more. */
async function finish(session: Session, request: BuildRequest, sink: OutputSink, input: Pick<PackageInput, 'prepared' | 'nextVersion' | 'traced'>, keepCaches: (distDir: string) => Promise<void>): Promise<Result<Built>> {
  const store = createArtifactStore({ blobs: session.options.blobs, compressor: session.options.compressor, limits: session.limits, secrets: guardedSecrets(request.secrets, request.variables, request.credentials) });
  const component = await packageComponent({ session, store, ...input });
  if (!component.ok) return component;
  if (store.leaks.length > 0) return exposed(store.leaks);
  sink.say(`${store.stats.files} files, ${(store.stats.bytes / 1048576).toFixed(1)} MB, ${store.stats.newBlobs} new`, 'package');
  const { plan, tools } = input.prepared;
  const byDefault = tools === undefined || plan.nodeRange !== undefined ? {} : { defaultNode: String(semver.major(tools.node.version)) };
  return ok({ ...byDefault, component: component.value.component, keepCaches: () => keepCaches(component.value.distDir) });
}

/** Names every variable and where it was found, never a value. */
function exposed(leaks: readonly Leak[]): Result<never> {
  const paths = new Map<string, Set<string>>();
  for (const { path, secret } of leaks) paths.set(called(secret), (paths.get(called(secret)) ?? new Set()).add(path));
  const [[first = ''] = []] = paths;
  const found = [...paths].map(([name, at]) => `${name} is in ${[...at].sort().slice(0, 3).join(', ')}${at.size > 3 ? ` and ${at.size - 3} more` : ''}`);
  return fail(
    'output_refused', `The secret ${first} would be sent to browsers`,
    'Use it only in code that runs on the server. If browsers are meant to have it, give it a name with the public prefix of the framework, such as NEXT_PUBLIC_ or VITE_; if it is no secret, set it with: anchor env set NAME=value --plain',
    `${found.join('; ')}.`,
  );
}

/** Next before its adapter interface: the traced server as output, and the deployment's id in what its client sends. */
const standaloneEnvironment = ({ deploymentId, variables }: BuildRequest): Readonly<Record<string, string>> =>
  ({ NEXT_PRIVATE_STANDALONE: 'true', ...(variables['NEXT_DEPLOYMENT_ID'] === undefined ? { NEXT_DEPLOYMENT_ID: deploymentId } : {}) });

function baseMounts(session: Session, { plan, tools: { node, toolchain } }: Pick<Prepared, 'plan'> & Readonly<{ tools: NonNullable<Prepared['tools']> }>): readonly Mount[] {
  const tools = toolchain.mounts.map((mount): Mount => ({ kind: 'read', ...mount }));
  const server = plan.output.kind === 'server';
  return [
    { kind: 'read', from: node.dir, to: PLACES.node }, { kind: 'read', from: session.options.modules, to: PLACES.modules }, ...tools,
    ...(server ? ([{ kind: 'read', from: dirname(dirname(NFT)), to: `${PLACES.tools}/trace/node_modules` }, { kind: 'read', from: TRACE, to: `${PLACES.tools}/trace/trace.mjs` }] as const) : []),
  ];
}

const NFT = dirname(createRequire(import.meta.url).resolve('@vercel/nft/package.json'));
const TRACE = fileURLToPath(new URL('../trace/trace.mjs', import.meta.url));

/** Which files a server's entry needs, relative to the checkout. Undefined when it could not be told: then all are taken. */
async function trace(session: Session, sandbox: SandboxHandle, prepared: Prepared, entry: string): Promise<readonly string[] | undefined> {
  const cwd = prepared.project === '' ? APP : `${APP}/${prepared.project}`;
  const env = { PATH: '/usr/bin:/bin', HOME: PLACES.home };
  const { exit, stdout, cut } = await capture(sandbox, { argv: [`${PLACES.node}/bin/node`, `${PLACES.tools}/trace/trace.mjs`, '@vercel/nft', APP, join(cwd, entry)], env, cwd }, 32 << 20);
  if (exit.code !== 0 || cut || session.signal.aborted) return undefined;
  try {
    const value = JSON.parse(stdout) as { files?: unknown };
    if (!Array.isArray(value.files)) return undefined;
    return value.files.filter((file): file is string => typeof file === 'string' && !file.startsWith('/') && !file.split('/').includes('..'));
  } catch {
    return undefined;
  }
}

async function copyTree(sandbox: SandboxHandle, dependencies: Dependencies, env: Readonly<Record<string, string>>): Promise<boolean> {
  for (const [i, path] of (dependencies.copyFrom?.paths ?? []).entries()) {
    const { exit } = await capture(sandbox, { argv: ['cp', '-a', '--reflink=auto', '--', `${PLACES.kept}/${i}`, `${APP}/${path}`], env, cwd: APP }, 4096);
    if (exit.code !== 0) return false;
  }
  return true;
}

async function copyNextCache(sandbox: SandboxHandle, project: string): Promise<void> {
  const run = (...argv: readonly string[]) => capture(sandbox, { argv, env: { PATH: '/usr/bin:/bin' }, cwd: project }, 4096);
  await run('mkdir', '-p', '--', '.next');
  await run('cp', '-a', '--reflink=auto', '--', PLACES.cacheFrom, '.next/cache');
}

/** The version of an installed package, found as Node finds it: in the project's folder or above, within the checkout. */
async function installedVersion(session: Session, project: string, name: string): Promise<string | undefined> {
  const parts = project.split('/').filter((part) => part !== '');
  for (let i = parts.length; i >= 0; i--) {
    const json = await readJsonInside(session.work.source, [...parts.slice(0, i), 'node_modules', name, 'package.json'].join('/'));
    const version = json?.['version'];
    if (typeof version === 'string' && semver.valid(version) !== null) return version;
  }
  return undefined;
}
