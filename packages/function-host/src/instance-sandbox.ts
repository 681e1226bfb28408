import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { Secret } from '@anchor/core/logs/redact.ts';
import type { SandboxHandle, Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { loopbackNames, ownAddressesOf } from '@anchor/protocol/own-addresses.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import type { FunctionCommand } from './command.ts';
import type { ProjectDisks } from './project-disks.ts';
import type { FunctionHostSettings } from './settings.ts';
import { InstanceSocket } from './instance-socket.ts';

/** Inputs of one start of a function. Paths are of this machine. */
export type InstancePlan = Readonly<{
  deploymentId: DeploymentId;
  /** The identity that it runs as. */
  identity: ProjectId;
  command: FunctionCommand;
  memoryMb: number;
  /** Host paths of its mounts. */
  tree: string;
  node: string;
  modules: string;
  cache: string;
  /** Whether the cache is on the project's own disk. */
  enforced: boolean;
  secrets: readonly Secret[];
}>;

/** A sandbox with its socket directory. Only the prespawned launcher runs in it, so it costs little memory. */
export type InstanceSandbox = Readonly<{
  id: string;
  socket: InstanceSocket;
  sandbox: SandboxHandle;
  /** Returns whether a new sandbox for this plan would be equal. */
  matches(plan: InstancePlan): Promise<boolean>;
  remove(): Promise<void>;
}>;

export type InstanceSandboxPorts = Readonly<{
  sandboxes: Sandboxes & Readonly<{ warm?(networks: number): Promise<unknown> }>;
  settings: FunctionHostSettings;
  disks: ProjectDisks;
}>;

/** Creates a sandbox. Never rejects: a function can fill the file system that holds its project's sockets. */
export const createInstanceSandbox = (
  plan: InstancePlan,
  ports: InstanceSandboxPorts,
): Promise<Result<InstanceSandbox>> =>
  create(plan, ports).catch((cause: unknown) =>
    fail(
      'internal',
      'No sandbox could be created for the function',
      'Let its functions leave fewer files beside their sockets, in /run/anchor, and check the free disk space.',
      cause instanceof Error ? cause.message : String(cause),
    ),
  );

async function create(
  plan: InstancePlan,
  { disks, sandboxes, settings }: InstanceSandboxPorts,
): Promise<Result<InstanceSandbox>> {
  const id = `fn-${randomBytes(5).toString('hex')}`;
  const socket = await InstanceSocket.create(await disks.socketsOf(plan.identity), id);
  const created = await sandboxes.create({
    name: id,
    identity: plan.identity,
    network: 'outbound',
    allow: settings.allowedCidrs,
    ownNames: loopbackNames(ownAddressesOf(plan.command.env)),
    weight: 10,
    prespawnArgv: plan.command.argv,
    limits: { memoryMb: plan.memoryMb, cpus: settings.cpus, processes: settings.processes },
    mounts: [
      { kind: 'read', from: plan.tree, to: SANDBOX_PATHS.app },
      { kind: 'read', from: plan.modules, to: SANDBOX_PATHS.runtime },
      { kind: 'read', from: plan.node, to: SANDBOX_PATHS.node },
      { kind: 'tmpfs', to: SANDBOX_PATHS.temporary, sizeMb: settings.temporaryMb },
      { kind: 'write', from: socket.directory, to: SANDBOX_PATHS.socketDirectory },
      { kind: 'write', from: plan.cache, to: SANDBOX_PATHS.cache },
    ],
  });
  if (!created.ok) {
    await socket.remove();
    return created;
  }
  const fingerprint = await mountFingerprint(plan);
  const sandbox = created.value;
  return ok({
    id,
    socket,
    sandbox,
    matches: async (plan: InstancePlan) => (await mountFingerprint(plan)) === fingerprint,
    async remove() {
      await sandbox.destroy();
      await socket.remove();
    },
  });
}

/** Returns a fingerprint of every input of a process: mounts, command and secrets. */
export const startFingerprint = async (plan: InstancePlan): Promise<string> =>
  JSON.stringify([await mountFingerprint(plan), plan.command, plan.secrets]);

/** Returns a fingerprint of the mounts, by inode: a directory that was removed and created again is another. */
async function mountFingerprint({ identity, memoryMb, tree, node, modules, cache }: InstancePlan): Promise<string> {
  const inodes = await Promise.all(
    [tree, node, modules, cache].map((path) =>
      stat(path).then(
        ({ ino }) => ino,
        () => 'gone',
      ),
    ),
  );
  return [identity, memoryMb, tree, node, modules, cache, ...inodes].join('\n');
}
