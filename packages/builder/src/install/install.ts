import type { SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { err, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { installCommand, runScript, type PackageManager } from '../detect/package-manager.ts';
import { runCommand, type OutputSink } from '../run/command.ts';
import type { Ended } from '../run/command.ts';

/** What of a package.json decides whether an install can be skipped. */
export type PackageFacts = Readonly<{ scripts: Readonly<Record<string, unknown>>; dependencies: Readonly<Record<string, unknown>> }>;

/** The install of a plan: an argument vector of ours, or shell text of the user. */
export type InstallStep = Readonly<{ command: Readonly<{ argv: readonly string[] } | { shell: string }>; frozen: boolean }>;

const LIFECYCLE: readonly string[] = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];

export function installStep(manager: PackageManager, version: string, override: string | undefined): InstallStep {
  if (override !== undefined && override.trim() !== '') return { command: { shell: override }, frozen: false };
  return { command: { argv: installCommand(manager, version) }, frozen: manager.lockFile !== undefined };
}

/**
 * Whether a kept dependency tree may stand for the install, and which scripts of the root package must run all the
 * same. Not when a workspace has install scripts of its own, when the command is the user's, when no lock file pins the
 * versions, or when dependencies are copied from folders of the repository.
 */
export function skippable(step: InstallStep, manager: PackageManager, root: PackageFacts, workspaces: readonly PackageFacts[]): Readonly<{ skip: boolean; scripts: readonly string[] }> {
  const none = { skip: false, scripts: [] };
  if (!step.frozen || 'shell' in step.command) return none;
  if (workspaces.some((facts) => LIFECYCLE.some((name) => typeof facts.scripts[name] === 'string'))) return none;
  const copied = [root, ...workspaces].some((facts) => Object.values(facts.dependencies).some((range) => typeof range === 'string' && /^(?:file:|portal:|\.{0,2}\/)/.test(range)));
  if (copied && manager.name !== 'npm') return none;
  return { skip: true, scripts: LIFECYCLE.filter((name) => typeof root.scripts[name] === 'string') };
}

export type InstallContext = Readonly<{
  sandbox: SandboxHandle;
  sink: OutputSink;
  env: Readonly<Record<string, string>>;
  cwd: string;
  explain: (ended: Ended) => Promise<AnchorError>;
}>;

export async function runInstall(step: InstallStep, context: InstallContext): Promise<Result<void>> {
  // A user's own install command is shell text by nature: it runs in the sandbox only, handed to sh as one argument.
  const argv = 'argv' in step.command ? step.command.argv : ['/bin/sh', '-c', step.command.shell];
  context.sink.say(`$ ${'argv' in step.command ? argv.join(' ') : step.command.shell}`, 'install');
  return run(argv, context);
}

/** The root package's own install scripts, for an install that was skipped. */
export async function runLifecycle(manager: PackageManager, scripts: readonly string[], context: InstallContext): Promise<Result<void>> {
  for (const script of scripts) {
    const result = await run(runScript(manager, script), context);
    if (!result.ok) return result;
  }
  return ok(undefined);
}

async function run(argv: readonly string[], context: InstallContext): Promise<Result<void>> {
  const ended = await runCommand(context.sandbox, { argv, env: context.env, cwd: context.cwd }, 'install', context.sink);
  return ended.exit.code === 0 ? ok(undefined) : err(await context.explain(ended));
}

/** The environment of an install: the build's, but development dependencies are needed to build, whatever NODE_ENV says. */
export function installEnvironment(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { NODE_ENV: _dropped, ...rest } = env;
  return rest;
}

