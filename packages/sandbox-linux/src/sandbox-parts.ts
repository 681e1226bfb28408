import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxSpec } from '@anchor/core/ports/sandbox.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { LIVE_WEIGHT, type Cgroup, type Cgroups } from './cgroup.ts';
import { uidOf } from './identity.ts';
import { createMountNamespace, type MountNamespace } from './mount-namespace.ts';
import type { NetworkPool } from './network-pool.ts';
import type { Network } from './network.ts';
import type { SpawnTarget } from './process.ts';

export type SandboxPartsPorts = Readonly<{
  /** Where the files of this process's sandboxes are; the last part of its path names the process. */
  state: string;
  owner: string;
  cgroups: Cgroups;
  networks: NetworkPool;
  nameServers: readonly string[];
  trustStore?: string;
}>;

/** What a sandbox consists of: control groups, mount namespace, network and a directory. */
export class SandboxParts {
  readonly #ports: SandboxPartsPorts;
  readonly #spec: SandboxSpec;
  readonly #uid: number;
  readonly #directory: string;
  #cgroup: Cgroup | undefined;
  #root: MountNamespace | undefined;
  #network: Network | undefined;

  constructor(spec: SandboxSpec, ports: SandboxPartsPorts) {
    this.#ports = ports;
    this.#spec = spec;
    this.#uid = uidOf(spec.identity);
    this.#directory = join(ports.state, spec.name);
  }

  /** Creates the parts. Call `remove` also when it fails. */
  async create(): Promise<Result<Readonly<{ cgroup: Cgroup; target: SpawnTarget }>>> {
    const { owner, cgroups } = this.#ports;
    const { name, limits, weight } = this.#spec;
    rmSync(this.#directory, { recursive: true, force: true });
    mkdirSync(this.#directory);
    const cgroup = cgroups.create(owner, name, limits, weight);
    this.#cgroup = cgroup;
    const [root, network] = await Promise.all([this.#createRoot(cgroup), this.#createNetwork()]);
    if (root.ok) this.#root = root.value;
    if (network.ok) this.#network = network.value;
    if (!root.ok) return root;
    if (!network.ok) return network;
    const allowed = await network.value?.allow(this.#spec.allow ?? []);
    if (allowed?.ok === false) return allowed;
    return ok({ cgroup, target: this.#target(cgroup, root.value, network.value) });
  }

  /** Kills what runs in it, and removes everything. */
  async remove(): Promise<void> {
    await this.#cgroup?.remove();
    this.#root?.close();
    await this.#network?.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #createRoot({ procsFiles }: Cgroup): Promise<Result<MountNamespace>> {
    const { nameServers, trustStore } = this.#ports;
    return createMountNamespace({
      dir: this.#directory,
      uid: this.#uid,
      procsFiles,
      mounts: this.#spec.mounts,
      nameServers,
      ownNames: this.#spec.ownNames,
      ...(trustStore === undefined ? {} : { trustStore }),
    });
  }

  async #createNetwork(): Promise<Result<Network | undefined>> {
    return this.#spec.network === 'outbound' ? this.#ports.networks.take() : ok(undefined);
  }

  #target({ procsFiles }: Cgroup, root: MountNamespace, network: Network | undefined): SpawnTarget {
    const user = String(this.#uid);
    const namespaces = [`--mount=${root.namespace}`, ...(network === undefined ? [] : [`--net=${network.namespace}`])];
    const files = ['--bind', '/sandbox', '/', '--proc', '/proc', '--dev', '/dev', '--dev-bind', '/pts', '/dev/pts'];
    return {
      filter: join(this.#ports.state, 'filter'),
      procsFiles,
      niceness: this.#spec.weight >= LIVE_WEIGHT ? 0 : 10,
      enter: ['nsenter', ...namespaces, '-S', user, '-G', user, '--'],
      options: [...files, ...(network === undefined ? ['--unshare-net'] : [])],
    };
  }
}

/** This machine refuses something that sandboxes need. */
export const unavailable = (why: string, fix: string): Result<never> =>
  fail('sandbox_unavailable', 'This machine cannot isolate builds and functions yet', fix, why);
