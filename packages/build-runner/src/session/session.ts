import { join } from 'node:path';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { namedSecrets, redactorsOf } from '@anchor/core/logs/redact.ts';
import type { Mount, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { fail, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import type { BuildLimits } from './limits.ts';
import type { BuilderOptions } from './builder-options.ts';
import type { WorkDisk } from '../disk/work-disk.ts';

/** One build in flight: its disk, its sandboxes, and what may end it early. */
export type Session = Readonly<{
  options: BuilderOptions;
  limits: BuildLimits;
  work: WorkDisk;
  /** Aborts when the build is canceled or out of time; every sandbox of the session is destroyed then. */
  signal: AbortSignal;
  redact: (text: string) => string;
  /**
   * Creates a sandbox with the checkout at /app, HOME, /tmp and `mounts`. `part` names one of the build's sandboxes.
   */
  sandbox: (part: string, mounts: readonly Mount[], allow?: readonly string[]) => Promise<Result<SandboxHandle>>;
  /** Ends every process of the build. */
  end: () => Promise<void>;
}>;

export function createSession(
  options: BuilderOptions,
  limits: BuildLimits,
  work: WorkDisk,
  request: BuildRequest,
  signal: AbortSignal,
): Session {
  const live = new Set<SandboxHandle>();
  const end = async () => {
    await Promise.all([...live].map((handle) => handle.destroy()));
    live.clear();
  };
  signal.addEventListener('abort', () => void end(), { once: true });
  const credentials = request.credentials === undefined ? [] : [request.credentials, ...request.credentials.split(':')];
  const redactorFor = redactorsOf(namedSecrets([...request.secrets, ...credentials], request.variables));
  return {
    options,
    limits,
    work,
    signal,
    end,
    redact: (text) => {
      const redactor = redactorFor();
      return redactor.push(text) + redactor.flush();
    },
    async sandbox(part, mounts, allow = options.allowNetworks ?? []) {
      if (signal.aborted) return fail('canceled', 'The build was stopped', 'Deploy again.');
      const made = await options.sandboxes.create({
        name: `b-${request.deploymentId.slice(4)}-${part}`,
        identity: request.projectId,
        mounts: [
          { kind: 'write', from: work.source, to: SANDBOX_PATHS.app },
          { kind: 'write', from: work.home, to: SANDBOX_PATHS.home },
          { kind: 'write', from: work.temporary, to: SANDBOX_PATHS.temporary },
          ...mounts,
        ],
        network: 'outbound',
        allow,
        limits: { memoryMb: limits.memoryMb, cpus: limits.cpus, processes: limits.processes },
        weight: options.weight ?? 1,
      });
      if (!made.ok) return made;
      live.add(made.value);
      if (signal.aborted) await end();
      return made;
    },
  };
}

/** Returns why a build was aborted: its time limit, or a cancellation. */
export function abortReason(signal: AbortSignal, limits: BuildLimits): AnchorError {
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  return timedOut
    ? {
        code: 'build_timeout',
        message: `The build took longer than ${limits.minutes >= 1 ? `${limits.minutes} minutes` : `${Math.round(limits.minutes * 60)} seconds`}`,
        cause: 'It was stopped at the time limit.',
        fix: `Read the last lines of the log. If the build needs more time, ask the operator to raise the limit: ./up --build-minutes ${Math.ceil(2 * limits.minutes)}.`,
      }
    : { code: 'canceled', message: 'The build was canceled', fix: 'Run `anchor deploy` to deploy again.' };
}

export const scopeFolders = (work: WorkDisk, scope: string) => ({
  store: join(work.scope(scope), 'store'),
  next: join(work.scope(scope), 'next'),
});
