import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { SandboxHandle, Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import type { Paths } from '../paths.ts';
import { INSIDE, type FunctionCommand } from './command.ts';
import type { FunctionHostSettings } from './settings.ts';
import { createInstanceSocket, type InstanceSocket } from './sockets.ts';

/** Everything that one start of a function needs, all of it on this machine. */
export type InstancePlan = Readonly<{
  deploymentId: DeploymentId;
  /** Who it runs as: the project. */
  identity: string;
  command: FunctionCommand;
  memoryMb: number;
  /** Host paths of what it sees. */
  tree: string;
  node: string;
  modules: string;
  cache: string;
  secrets: readonly string[];
}>;

/** A sandbox with its socket directory, in which nothing runs yet but what will start the program: it costs no memory worth counting. */
export type Place = Readonly<{
  id: string;
  socket: InstanceSocket;
  sandbox: SandboxHandle;
  /** Whether it is what this plan would get now. */
  fits(plan: InstancePlan): Promise<boolean>;
  remove(): Promise<void>;
}>;

export type PlacePorts = Readonly<{ paths: Paths; sandboxes: Sandboxes & Readonly<{ warm?(networks: number): Promise<unknown> }>; settings: FunctionHostSettings }>;

export async function openPlace(plan: InstancePlan, { paths, sandboxes, settings }: PlacePorts): Promise<Result<Place>> {
  const id = `fn-${randomBytes(5).toString('hex')}`;
  const socket = await createInstanceSocket(paths, id);
  const created = await sandboxes.create({
    name: id, identity: plan.identity, network: 'outbound', allow: settings.allow, weight: 10, ahead: plan.command.argv,
    limits: { memoryMb: plan.memoryMb, cpus: settings.cpus, processes: settings.processes },
    mounts: [
      { kind: 'read', from: plan.tree, to: INSIDE.app }, { kind: 'read', from: plan.modules, to: INSIDE.modules }, { kind: 'read', from: plan.node, to: INSIDE.node },
      { kind: 'tmpfs', to: INSIDE.temporary, sizeMb: settings.temporaryMb },
      { kind: 'write', from: socket.directory, to: INSIDE.socketDirectory }, { kind: 'write', from: plan.cache, to: INSIDE.cache },
    ],
  });
  if (!created.ok) {
    await socket.remove();
    return created;
  }
  const key = await keyOf(plan);
  const sandbox = created.value;
  return ok({
    id, socket, sandbox,
    fits: async (plan) => (await keyOf(plan)) === key,
    async remove() {
      await sandbox.destroy();
      await socket.remove();
    },
  });
}

/** All that a process started for this plan has been given: what it sees, and what it was told. */
export const sightOf = async (plan: InstancePlan): Promise<string> => JSON.stringify([await keyOf(plan), plan.command, plan.secrets]);

/** The mounted directories by inode: one that was removed and made again is another. */
async function keyOf({ identity, memoryMb, tree, node, modules, cache }: InstancePlan): Promise<string> {
  const inodes = await Promise.all([tree, node, modules, cache].map((path) => stat(path).then(({ ino }) => ino, () => 'gone')));
  return [identity, memoryMb, tree, node, modules, cache, ...inodes].join('\n');
}
