import type { SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { err, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { installCommand, runScript, type PackageManager } from '@anchor/packaging/detect/package-manager.ts';
import { capture, runCommand, type CommandResult, type OutputSink } from '../session/command.ts';
import { approvalFix, listNames, skippedScripts } from './skipped-scripts.ts';

/** The fields of a package.json that decide whether an install can be skipped. */
export type PackageFacts = Readonly<{
  scripts: Readonly<Record<string, unknown>>;
  dependencies: Readonly<Record<string, unknown>>;
}>;

/** The install of a plan: an argument vector of ours, or shell text of the user. */
export type InstallStep = Readonly<{
  command: Readonly<{ argv: readonly string[] } | { shell: string }>;
  frozen: boolean;
}>;

const LIFECYCLE: readonly string[] = [
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'preprepare',
  'prepare',
  'postprepare',
];

export function installStep(manager: PackageManager, version: string, override: string | undefined): InstallStep {
  if (override !== undefined && override.trim() !== '') return { command: { shell: override }, frozen: false };
  return { command: { argv: installCommand(manager, version) }, frozen: manager.lockFile !== undefined };
}

/**
 * Returns whether a cached dependency tree may replace the install, and which scripts of the root package must run all
 * the same. Not when a workspace has install scripts of its own, when the command is the user's, when no lock file pins
 * the versions, or when dependencies are copied from folders of the repository.
 */
export function skippable(
  step: InstallStep,
  manager: PackageManager,
  root: PackageFacts,
  workspaces: readonly PackageFacts[],
): Readonly<{ skip: boolean; scripts: readonly string[] }> {
  const none = { skip: false, scripts: [] };
  if (!step.frozen || 'shell' in step.command) return none;
  if (workspaces.some((facts) => LIFECYCLE.some((name) => typeof facts.scripts[name] === 'string'))) return none;
  const copied = [root, ...workspaces].some((facts) =>
    Object.values(facts.dependencies).some(
      (range) => typeof range === 'string' && /^(?:file:|portal:|\.{0,2}\/)/.test(range),
    ),
  );
  if (copied && manager.name !== 'npm') return none;
  return { skip: true, scripts: LIFECYCLE.filter((name) => typeof root.scripts[name] === 'string') };
}

export type InstallContext = Readonly<{
  sandbox: SandboxHandle;
  sink: OutputSink;
  env: Readonly<Record<string, string>>;
  cwd: string;
  explain: (ended: CommandResult) => Promise<AnchorError>;
}>;

/** Runs the install. Returns the packages whose install scripts the manager skipped. */
export async function runInstall(
  step: InstallStep,
  manager: PackageManager,
  version: string,
  context: InstallContext,
): Promise<Result<readonly string[]>> {
  // A user's own install command is shell text by nature: it runs in the sandbox only, handed to sh as one argument.
  const argv = 'argv' in step.command ? step.command.argv : ['/bin/sh', '-c', step.command.shell];
  context.sink.log(`$ ${'argv' in step.command ? argv.join(' ') : step.command.shell}`, 'install');
  const ended = await runCommand(
    context.sandbox,
    { argv, env: context.env, cwd: context.cwd },
    'install',
    context.sink,
  );
  const skipped =
    manager.name === 'bun' ? await untrustedByBun(ended, context) : skippedScripts(manager.name, ended.tail.text);
  if (ended.exit.code === 0) return ok(skipped);
  const error = await context.explain(ended);
  // pnpm from 11 on fails where it used to warn.
  if (skipped.length === 0 || !ended.tail.text.includes('ERR_PNPM_IGNORED_BUILDS')) return err(error);
  const approve = approvalFix(manager.name, version, skipped);
  return err({
    ...error,
    message: `Install scripts of ${listNames(skipped)} are not approved`,
    fix: `${approve.charAt(0).toUpperCase()}${approve.slice(1)}; or set strictDepBuilds: false there to go on without them.`,
  });
}

/** Returns the packages whose scripts bun skipped. Bun only counts them, and names them from its lock file. */
async function untrustedByBun(
  ended: CommandResult,
  { sandbox, env, cwd, sink }: InstallContext,
): Promise<readonly string[]> {
  const [, count] = /Blocked (\d+) (?:pre|post)?install/.exec(ended.tail.text) ?? [];
  if (count === undefined) return [];
  const names = skippedScripts(
    'bun',
    (await capture(sandbox, { argv: ['bun', 'pm', 'untrusted'], env, cwd }, 1 << 20)).stdout,
  );
  if (names.length === 0)
    sink.log(
      `bun did not run ${count} install scripts that are not approved. If they are needed, see \`bun pm untrusted\`, run \`bun pm trust NAME\` and commit package.json and the lock file.`,
      'install',
      'warn',
    );
  return names;
}

/** Logs which install scripts did not run. */
export const logSkippedScripts = (
  sink: OutputSink,
  manager: PackageManager,
  version: string,
  skipped: readonly string[],
): void => {
  if (skipped.length === 0) return;
  sink.log(
    `${manager.name} did not run the install scripts of ${listNames(skipped)}: they are not approved. If they are needed (native bindings, downloaded programs), ${approvalFix(manager.name, version, skipped)}.`,
    'install',
    'warn',
  );
};

/** Runs the root package's own install scripts, for an install that was skipped. */
export async function runLifecycle(
  manager: PackageManager,
  scripts: readonly string[],
  context: InstallContext,
): Promise<Result<void>> {
  for (const script of scripts) {
    const result = await run(runScript(manager, script), context);
    if (!result.ok) return result;
  }
  return ok(undefined);
}

async function run(argv: readonly string[], context: InstallContext): Promise<Result<void>> {
  const ended = await runCommand(
    context.sandbox,
    { argv, env: context.env, cwd: context.cwd },
    'install',
    context.sink,
  );
  return ended.exit.code === 0 ? ok(undefined) : err(await context.explain(ended));
}

/** Variables that would leave development dependencies out, in any case of letters: of npm, pnpm, yarn and bun. */
const PRODUCTION_ONLY_VARIABLE =
  /^(?:NODE_ENV|YARN_PRODUCTION|(?:P?NPM_CONFIG|YARN)_(?:PRODUCTION|PROD|ONLY|DEV|OMIT)|BUN_INSTALL_PRODUCTION)$/i;

/**
 * Returns the environment of an install: the build's, but with development dependencies, which the build needs despite
 * any variable.
 */
export function installEnvironment(
  env: Readonly<Record<string, string>>,
  manager: PackageManager['name'],
): Readonly<Record<string, string>> {
  const allowed = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => {
      if (!PRODUCTION_ONLY_VARIABLE.test(name)) return [[name, value]];
      // Optional or peer dependencies may be left out on purpose.
      const omitted = /_OMIT$/i.test(name) ? value.split(/[\s,]+/).filter((kind) => kind !== '' && kind !== 'dev') : [];
      return omitted.length === 0 ? [] : [[name, omitted.join(' ')]];
    }),
  );
  // npm reads settings from .npmrc too; this one wins over all of them.
  return manager === 'npm' ? { ...allowed, npm_config_include: 'dev' } : allowed;
}
