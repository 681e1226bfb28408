import type { Mount, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { TRACE_MODULES, TRACE_PROGRAM } from '@anchor/packaging/trace/trace-program.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { capture } from '../session/command.ts';
import type { Session } from '../session/session.ts';

/** The mounts with which a build's sandbox traces its output. */
export const TRACE_MOUNTS: readonly Mount[] = [
  { kind: 'read', from: TRACE_MODULES, to: `${SANDBOX_PATHS.tools}/trace/node_modules` },
  { kind: 'read', from: TRACE_PROGRAM, to: `${SANDBOX_PATHS.tools}/trace/trace.mjs` },
];

/** Lists the files that entries need, relative to the checkout. Undefined when tracing fails. */
export async function trace(
  session: Session,
  sandbox: SandboxHandle,
  cwd: string,
  entries: readonly string[],
): Promise<readonly string[] | undefined> {
  const env = { PATH: '/usr/bin:/bin', HOME: SANDBOX_PATHS.home };
  const argv = [
    `${SANDBOX_PATHS.node}/bin/node`,
    `${SANDBOX_PATHS.tools}/trace/trace.mjs`,
    '@vercel/nft',
    SANDBOX_PATHS.app,
    ...entries.map((entry) => `${SANDBOX_PATHS.app}/${entry}`),
  ];
  const { exit, stdout, cut } = await capture(
    sandbox,
    { argv, env, cwd: cwd === '' ? SANDBOX_PATHS.app : `${SANDBOX_PATHS.app}/${cwd}` },
    32 << 20,
  );
  if (exit.code !== 0 || cut || session.signal.aborted) return undefined;
  try {
    const value = JSON.parse(stdout) as { files?: unknown };
    if (!Array.isArray(value.files)) return undefined;
    return value.files.filter(
      (file): file is string => typeof file === 'string' && !file.startsWith('/') && !file.split('/').includes('..'),
    );
  } catch {
    return undefined;
  }
}
