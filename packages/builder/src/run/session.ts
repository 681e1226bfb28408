import { join } from 'node:path';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import type { Mount, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { fail, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { PLACES } from './environment.ts';
import { APP } from './inside.ts';
import type { BuildLimits } from './limits.ts';
import type { BuilderOptions } from './options.ts';
import type { WorkDisk } from './work-disk.ts';

/** One build under way: its disk, its sandboxes, and what may end it early. */
export type Session = Readonly<{
  options: BuilderOptions;
  limits: BuildLimits;
  work: WorkDisk;
  /** Aborts when the build is canceled or out of time; every sandbox of the session is destroyed then. */
  signal: AbortSignal;
  redact: (text: string) => string;
  /** A sandbox with the checkout at /app, HOME, /tmp and `mounts`. `part` tells the build's sandboxes apart. */
  sandbox: (part: string, mounts: readonly Mount[], allow?: readonly string[]) => Promise<Result<SandboxHandle>>;
  /** Ends every process of the build. */
  end: () => Promise<void>;
}>;

export function createSession(options: BuilderOptions, limits: BuildLimits, work: WorkDisk, request: BuildRequest, signal: AbortSignal): Session {
  const live = new Set<SandboxHandle>();
  const end = async () => {
    await Promise.all([...live].map((handle) => handle.destroy()));
    live.clear();
  };
  signal.addEventListener('abort', () => void end(), { once: true });
  const hidden = [...request.secrets, ...(request.credentials === undefined ? [] : [request.credentials, ...request.credentials.split(':')])].filter((value) => value.length >= 4).sort((a, b) => b.length - a.length);
  return {
    options, limits, work, signal, end,
    redact: (text) => hidden.reduce((out, value) => out.replaceAll(value, '[secret]'), text),
    async sandbox(part, mounts, allow = options.allowNetworks ?? []) {
      if (signal.aborted) return fail('canceled', 'The build was stopped', 'Deploy again.');
      const made = await options.sandboxes.create({
        name: `b-${request.deploymentId.slice(4)}-${part}`,
        identity: request.projectId,
        mounts: [{ kind: 'write', from: work.source, to: APP }, { kind: 'write', from: work.home, to: PLACES.home }, { kind: 'write', from: work.temporary, to: PLACES.temporary }, ...mounts],
        network: 'outbound', allow,
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

/** Why a build ended early: out of time, or canceled by someone. */
export function endedEarly(signal: AbortSignal, limits: BuildLimits): AnchorError {
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  return timedOut
    ? { code: 'build_timeout', message: `The build took longer than ${limits.minutes >= 1 ? `${limits.minutes} minutes` : `${Math.round(limits.minutes * 60)} seconds`}`, cause: 'It was stopped at the time limit.', fix: 'See in the log what it was doing; raise the time limit if it only needs longer.' }
    : { code: 'canceled', message: 'The build was canceled', fix: 'Deploy again when it is wanted after all.' };
}

export const scopePlaces = (work: WorkDisk, scope: string) => ({ store: join(work.scope(scope), 'store'), next: join(work.scope(scope), 'next') });
