import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Disk, DiskUse, Sandboxes, SandboxHandle, SandboxSpec } from '@anchor/core/ports/sandbox.ts';
import type { Cgroups } from './cgroup.ts';
import { openCgroups } from './cgroups.ts';
import { directoriesIn, namesIn } from './directories.ts';
import { Disks } from './disk.ts';
import { sweepEdgeGroup } from './edge-group.ts';
import { nameServers } from './etc.ts';
import { removeFirewall } from './firewall.ts';
import { instanceOf, ownerLives, ownerOf } from './identity.ts';
import { mountPoints } from './mount-points.ts';
import { createNetworkPool, type NetworkPool } from './network-pool.ts';
import { probe } from './probe.ts';
import { prespawnLauncher } from './process.ts';
import { checkRequirements } from './requirements.ts';
import { BubblewrapSandbox } from './sandbox-handle.ts';
import { checkSandboxName } from './sandbox-name.ts';
import { SandboxParts, unavailable } from './sandbox-parts.ts';
import { seccompFilter } from './seccomp.ts';

export type SandboxOptions = Readonly<{
  /** The data directory; what sandboxes leave on the machine is named after it. */
  data: string;
  /** A bundle of certificates that every sandbox sees read-only at the same path. */
  trustStore?: string;
  /** IPv4 name servers instead of the machine's own. */
  nameServers?: readonly string[];
  /** Part of the machine, 0 to 1, that deferrable work gets on a busy machine. Default a quarter. */
  buildFloor?: number;
}>;

/** The port, with the operations of this machine alone. */
export type LocalSandboxes = Sandboxes &
  Readonly<{
    /** Keeps `networks` network namespaces ready, so that `create` does not wait for one. */
    warm(networks: number): Promise<Result<void>>;
    /** Removes the networks kept ready. Handles stay; destroy them first. */
    close(): Promise<void>;
  }>;

/** Isolates with bubblewrap, network namespaces, control groups and loop-mounted disks. Needs root. */
export class BubblewrapSandboxes implements LocalSandboxes {
  readonly #options: SandboxOptions;
  /** Name this process, and the data directory, in what is outside of that directory. */
  readonly #owner: string;
  readonly #instance: string;
  /** Where the files of sandboxes are: a directory per owner. */
  readonly #state: string;
  readonly #networks: NetworkPool;
  readonly #disks: Disks;
  /** Names of sandboxes that were not destroyed yet. */
  readonly #names = new Set<string>();
  #cgroups: Cgroups | undefined;
  #checked: Promise<Result<void>> | undefined;

  constructor(options: SandboxOptions) {
    const directories = directoriesIn(options.data);
    this.#options = options;
    this.#owner = ownerOf(process.pid) ?? `${process.pid}-0`;
    this.#state = join(directories.run, 'sandboxes');
    mkdirSync(join(this.#state, this.#owner), { recursive: true, mode: 0o700 });
    this.#instance = instanceOf(options.data);
    this.#networks = createNetworkPool(this.#instance, () => this.#nameServers());
    this.#disks = new Disks(directories.disks, this.#owner);
  }

  available(): Promise<Result<void>> {
    this.#checked ??= probe(this).then((result) => {
      if (!result.ok) this.#checked = undefined;
      return result;
    });
    return this.#checked;
  }

  async create(spec: SandboxSpec): Promise<Result<SandboxHandle>> {
    const cgroups = this.#prepare();
    if (!cgroups.ok) return cgroups;
    const named = checkSandboxName(spec.name, this.#names);
    if (!named.ok) return named;
    this.#names.add(spec.name);
    const { trustStore } = this.#options;
    const parts = new SandboxParts(spec, {
      state: join(this.#state, this.#owner),
      owner: this.#owner,
      cgroups: cgroups.value,
      networks: this.#networks,
      nameServers: this.#nameServers(),
      ...(trustStore === undefined ? {} : { trustStore }),
    });
    const remove = async (): Promise<void> => {
      await parts.remove();
      this.#names.delete(spec.name);
    };
    const create = async (): Promise<Result<SandboxHandle>> => {
      const created = await parts.create();
      if (!created.ok) return created;
      const { cgroup, target } = created.value;
      const prespawned = spec.prespawnArgv && prespawnLauncher(target, spec.prespawnArgv, false);
      return ok(new BubblewrapSandbox(target, cgroup, remove, prespawned));
    };
    const created = await create().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      return unavailable(why, 'See the cause; docs/isolation.md says what a machine needs.');
    });
    if (!created.ok) await remove();
    return created;
  }

  async openDisk({ name, identity, sizeMb }: Parameters<Sandboxes['openDisk']>[0]): Promise<Result<Disk>> {
    try {
      return await this.#disks.open(name, identity, sizeMb);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return fail('internal', `The disk ${name} could not be opened`, 'See the cause.', why);
    }
  }

  removeDisk(name: string): Promise<boolean> {
    return this.#disks.remove(name);
  }

  async listDisks(): Promise<readonly DiskUse[]> {
    return this.#disks.list();
  }

  async sweep(): Promise<void> {
    const groups = checkRequirements().ok ? openCgroups(this.#instance) : undefined;
    for (const gone of new Set([...namesIn(this.#state), ...(groups?.owners() ?? [])])) {
      if (ownerLives(gone) || !/^\d+-\d+$/.test(gone)) continue;
      await groups?.removeOwner(gone);
      const directory = join(this.#state, gone);
      if (!mountPoints().some((path) => path.startsWith(`${directory}/`)))
        rmSync(directory, { recursive: true, force: true });
    }
    await this.#disks.sweep();
    groups?.removeInstance();
    sweepEdgeGroup(this.#options.data);
    if (groups !== undefined) await removeFirewall();
  }

  warm(networks: number): Promise<Result<void>> {
    return this.#networks.warm(networks);
  }

  close(): Promise<void> {
    return this.#networks.close();
  }

  #nameServers(): readonly string[] {
    return this.#options.nameServers ?? nameServers();
  }

  /** Checks the machine, once it passes never again. */
  #prepare(): Result<Cgroups> {
    if (this.#cgroups !== undefined) return ok(this.#cgroups);
    const met = checkRequirements();
    if (!met.ok) return met;
    const { buildFloor } = this.#options;
    this.#cgroups = openCgroups(this.#instance, undefined, buildFloor === undefined ? {} : { floor: buildFloor });
    if (this.#cgroups === undefined)
      return unavailable(
        'the memory, pids and cpu control groups are not mounted',
        'Boot with cgroup v2, the default of current distributions: systemd.unified_cgroup_hierarchy=1',
      );
    const filter = seccompFilter(process.arch) ?? new Uint8Array();
    writeFileSync(join(this.#state, this.#owner, 'filter'), filter);
    return ok(this.#cgroups);
  }
}
