import { FunctionHostClient } from '@anchor/function-host/client.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { eventually, type Platform } from '../../e2e/platform.ts';
import { memoryOfTree, type Memory } from '../measure/memory.ts';

const SETTLED_MS = 1_000;

/** Changes how a project's functions run; what runs already keeps its settings (see restartFunction). */
export async function setFunctions(
  platform: Platform,
  project: string,
  functions: Readonly<Record<string, number>>,
): Promise<void> {
  const changed = await platform.api('PATCH', `/api/projects/${project}`, { functions });
  if (changed.status !== 200) throw new Error(JSON.stringify(changed.body));
}

/** Resolves when no function of the platform runs and a sandbox waits for the next start, as after any idle time. */
export async function scaledToZero(platform: Platform, ms = 60_000): Promise<void> {
  const host = new FunctionHostClient(pathsIn(platform.data).hostSocket);
  try {
    let since = performance.now();
    await eventually(
      async () => {
        const status = await host.status();
        if (!status.ok || status.value.instances.length > 0 || status.value.warmSandboxes === 0)
          since = performance.now();
        return performance.now() - since > SETTLED_MS;
      },
      ms,
      () => 'the functions did not scale to zero',
    );
  } finally {
    host.close();
  }
}

/**
 * Stops the processes of a deployment, so that the next request starts it with the current settings. Repeated until
 * none is left: an edge worker that still holds a lease acquires it once more when the lease ends, which keeps it
 * running.
 */
export async function restartFunction(platform: Platform, deployment: string): Promise<void> {
  const host = new FunctionHostClient(pathsIn(platform.data).hostSocket);
  try {
    await eventually(
      async () => {
        await host.stop(deployment as Parameters<typeof host.stop>[0]);
        const status = await host.status();
        return status.ok && status.value.instances.every((instance) => instance.deployment !== deployment);
      },
      60_000,
      () => `the function of ${deployment} does not stop`,
    );
  } finally {
    host.close();
  }
}

/** Returns the function processes whose script has this name. */
export const processesOf = (platform: Platform, script: string): readonly Memory[] =>
  memoryOfTree(platform.pid('host') ?? 0).filter(({ command }) => command === script);

/** Returns the function processes of Next.js sites. */
export const functionsOf = (platform: Platform): readonly Memory[] => processesOf(platform, 'next-server.js');

/**
 * Returns the one process that serves a deployment, beside prewarmed ones, which have loaded nothing of an application.
 * Others are stopped.
 */
export async function servingProcess(platform: Platform, deployment: string): Promise<Memory> {
  const host = new FunctionHostClient(pathsIn(platform.data).hostSocket);
  try {
    const running = await host.status();
    for (const other of new Set(running.ok ? running.value.instances.map((instance) => instance.deployment) : []))
      if (other !== deployment) await host.stop(other as Parameters<typeof host.stop>[0]);
    let largest: Memory | undefined;
    // Of a function that was stopped a process is started that waits; it counts when it does.
    await eventually(
      async () => {
        const status = await host.status();
        const all = functionsOf(platform).toSorted((a, b) => b.pssMb - a.pssMb);
        largest = status.ok && all.length - status.value.prewarmed === 1 ? all[0] : undefined;
        return largest !== undefined;
      },
      20_000,
      () => 'more than one function process serves, or none',
    );
    if (largest === undefined) throw new Error('no function process serves');
    return largest;
  } finally {
    host.close();
  }
}

/**
 * Ends the process that waits in a sandbox, so that only the empty sandbox waits: what all but the last used sites
 * have.
 */
export async function emptySandbox(platform: Platform): Promise<void> {
  const host = new FunctionHostClient(pathsIn(platform.data).hostSocket);
  try {
    for (const { pid } of functionsOf(platform)) process.kill(pid, 'SIGKILL');
    // A sandbox counts from the start of its creation.
    let since = performance.now();
    await eventually(
      async () => {
        const status = await host.status();
        if (
          !status.ok ||
          status.value.instances.length > 0 ||
          status.value.prewarmed > 0 ||
          status.value.warmSandboxes === 0
        )
          since = performance.now();
        return performance.now() - since > SETTLED_MS;
      },
      30_000,
      () => 'no empty sandbox waits',
    );
  } finally {
    host.close();
  }
}
