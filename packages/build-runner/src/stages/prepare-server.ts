import { join } from 'node:path';
import type { SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import type { Output } from '@anchor/packaging/detect/settled.ts';
import type { StartCommand } from '@anchor/packaging/detect/start-command.ts';
import { resolveRunnable } from '@anchor/packaging/output/runnable.ts';
import type { Toolchain } from '../tools/package-managers.ts';
import type { OutputSink } from '../session/command.ts';
import type { ServerParts } from '@anchor/packaging/package-component.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import type { Prepared } from './prepare.ts';
import type { Session } from '../session/session.ts';
import { trace } from './trace.ts';
import { startWithPlugAndPlay } from '../tools/yarn.ts';

/** Resolves how a server is started and what it needs, while the build's sandbox is still there to trace it. */
export async function prepareServer(
  session: Session,
  sandbox: SandboxHandle,
  { plan, project, installFolder, tools, yarn }: Prepared,
  { start, built }: Extract<Output, { kind: 'server' }>,
  sink: OutputSink,
): Promise<Result<ServerParts>> {
  const root = session.work.source;
  const resolved = await resolveRunnable(root, project, start, built, yarn.plugAndPlay);
  if (!resolved.ok) return resolved;
  sink.log(`Start command: ${shownCommand(start)}`, 'build');
  if (yarn.plugAndPlay) {
    // Packages are in archives that .pnp.cjs finds, which are files of the project: nothing of them is traced.
    const {
      kind: _kind,
      folder: _folder,
      ...command
    } = await startWithPlugAndPlay(
      root,
      installFolder,
      start.kind === 'argv' ? { ...start, argv: resolved.value.argv ?? start.argv } : start,
    );
    return ok({
      runnable: { ...resolved.value, ...('argv' in command ? { argv: command.argv } : { script: command.script }) },
      built,
      traced: undefined,
      bun: undefined,
    });
  }
  const runnable = plan.aroundNext === true ? { ...resolved.value, traceable: false } : resolved.value;
  for (const note of runnable.notes) sink.log(note, 'build', 'warn');
  // An output that holds all it needs, and a server without a file of its own, are not traced.
  const traced =
    built?.whole === undefined && runnable.entries.length > 0
      ? await trace(session, sandbox, runnable.cwd, runnable.entries)
      : undefined;
  if (!runnable.bun) return ok({ runnable, built, traced, bun: undefined });
  const toolchain =
    bunProgramOf(tools?.toolchain) === undefined
      ? await session.options.tools.prepare({ name: 'bun' }, tools?.node.version ?? process.versions.node)
      : ok(tools?.toolchain);
  if (!toolchain.ok) return toolchain;
  return ok({ runnable, built, traced, bun: bunProgramOf(toolchain.value) });
}

/** Returns the command as a user would type it: a fetch handler is shown without the file of ours that calls it. */
const shownCommand = (start: StartCommand): string => {
  const text = start.kind === 'argv' ? start.argv.join(' ').replace('/anchor/serve-fetch.js ', '') : start.script;
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return start.folder === undefined || start.folder === '' ? shown : `${shown} (in ${start.folder})`;
};

/** Returns the program of Bun on this machine, where a project installs with it; others only run on it. */
function bunProgramOf(toolchain: Toolchain | undefined): string | undefined {
  const packages = toolchain?.mounts.find(({ to }) => to === `${SANDBOX_PATHS.tools}/bun/node_modules`)?.from;
  return packages === undefined
    ? undefined
    : join(packages, `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`, 'bin/bun');
}
