import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Sandboxes, SandboxHandle, SandboxProcess, SandboxSpec } from '@anchor/core/ports/sandbox.ts';
import { pathsIn } from '../paths.ts';
import { LIVE_WEIGHT, type Cgroup, type Cgroups, type CgroupUsage } from './cgroup.ts';
import { openCgroups } from './cgroups.ts';
import { sweepEdgeGroup } from './edge-group.ts';
import { createDisks, mountPoints } from './disk.ts';
import { nameServers } from './etc.ts';
import { removeFirewall } from './firewall.ts';
import { instanceOf, ownerLives, ownerOf, uidOf } from './identity.ts';
import type { Network } from './network.ts';
import { createNetworkPool } from './network-pool.ts';
import { openLauncher, refusedProcess, startProcess, type Launcher, type Place } from './process.ts';
import { checkRequirements } from './requirements.ts';
import { buildRoot, type Root } from './root.ts';
import { seccompFilter } from './seccomp.ts';

export type SandboxOptions = Readonly<{
  /** The data directory; what sandboxes leave on the machine is named after it. */
  data: string;
  /** A bundle of certificates that every sandbox sees read-only at the same path. */
  trustStore?: string;
  /** IPv4 name servers instead of the machine's own. */
  nameServers?: readonly string[];
}>;

/** The port and what only this home needs. */
export type LocalSandboxes = Sandboxes & Readonly<{
  /** Keeps `networks` network namespaces ready, so that `create` does not wait for one. */
  warm(networks: number): Promise<Result<void>>;
  /** Removes the networks kept ready. Handles stay; destroy them first. */
  close(): Promise<void>;
}>;

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Isolation with bubblewrap, network namespaces, control groups and loop-mounted disks. Needs root. */
export const createSandboxes = (options: SandboxOptions): LocalSandboxes => {
  const paths = pathsIn(options.data);
  const owner = ownerOf(process.pid) ?? `${process.pid}-0`;
  const state = join(paths.run, 'sandboxes');
  mkdirSync(join(state, owner), { recursive: true, mode: 0o700 });
  const instance = instanceOf(options.data);
  const servers = (): readonly string[] => options.nameServers ?? nameServers();
  const pool = createNetworkPool(instance, servers);
  const disks = createDisks(paths.disks, owner);
  const filter = join(state, owner, 'filter');
  const live = new Set<string>();
  let cgroups: Cgroups | undefined;
  let checked: Promise<Result<void>> | undefined;

  const prepare = (): Result<Cgroups> => {
    if (cgroups !== undefined) return ok(cgroups);
    const met = checkRequirements();
    if (!met.ok) return met;
    cgroups = openCgroups(instance);
    if (cgroups === undefined) return unavailable('the memory, pids and cpu control groups are not mounted', 'Boot with cgroup v2, the default of current distributions: systemd.unified_cgroup_hierarchy=1');
    writeFileSync(filter, seccompFilter(process.arch) ?? new Uint8Array());
    return ok(cgroups);
  };

  const create = async (spec: SandboxSpec): Promise<Result<SandboxHandle>> => {
    const prepared = prepare();
    if (!prepared.ok) return prepared;
    if (!NAME.test(spec.name)) return fail('invalid_input', `"${spec.name.slice(0, 60)}" is not a name of a sandbox`, 'Use 1 to 40 of a–z, 0–9 and "-".');
    if (live.has(spec.name)) return fail('already_exists', `a sandbox named ${spec.name} runs already`, 'Destroy it first, or use another name.');
    live.add(spec.name);
    const dir = join(state, owner, spec.name);
    const uid = uidOf(spec.identity);
    const parts: Parts = {};
    const tidy = async (): Promise<void> => {
      await parts.cgroup?.remove();
      parts.root?.close();
      await parts.network?.close();
      rmSync(dir, { recursive: true, force: true });
      live.delete(spec.name);
    };
    const giveUp = async (result: Result<never>): Promise<Result<never>> => {
      await tidy();
      return result;
    };
    try {
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir);
      parts.cgroup = prepared.value.create(owner, spec.name, spec.limits, spec.weight);
      const [root, network] = await Promise.all([
        buildRoot({ dir, uid, doors: parts.cgroup.doors, mounts: spec.mounts, nameServers: servers(), ...(options.trustStore === undefined ? {} : { trustStore: options.trustStore }) }),
        spec.network === 'outbound' ? pool.take() : undefined,
      ]);
      if (root.ok) parts.root = root.value;
      if (network?.ok) parts.network = network.value;
      if (!root.ok) return await giveUp(root);
      if (network !== undefined && !network.ok) return await giveUp(network);
      const allowed = await parts.network?.allow(spec.allow ?? []);
      if (allowed !== undefined && !allowed.ok) return await giveUp(allowed);
      const place: Place = {
        filter, doors: parts.cgroup.doors, niceness: spec.weight >= LIVE_WEIGHT ? 0 : 10,
        enter: [
          'nsenter', `--mount=${root.value.namespace}`, ...(parts.network === undefined ? [] : [`--net=${parts.network.namespace}`]),
          '-S', String(uid), '-G', String(uid), '--',
        ],
        options: ['--bind', '/sandbox', '/', '--proc', '/proc', '--dev', '/dev', ...(parts.network === undefined ? ['--unshare-net'] : [])],
      };
      return ok(openHandle(place, parts.cgroup, tidy, spec.ahead === undefined ? undefined : openLauncher(place, spec.ahead, false)));
    } catch (error) {
      return giveUp(unavailable(error instanceof Error ? error.message : String(error), 'See the cause; docs/isolation.md says what a machine needs.'));
    }
  };

  return {
    create,
    available: () => (checked ??= probe(create).then((result) => {
      if (!result.ok) checked = undefined;
      return result;
    })),
    openDisk: async ({ name, identity, sizeMb }) => {
      try {
        return await disks.open(name, identity, sizeMb);
      } catch (error) {
        return fail('internal', `the disk ${name} could not be opened`, 'See the cause.', error instanceof Error ? error.message : String(error));
      }
    },
    removeDisk: disks.remove,
    async sweep() {
      const groups = checkRequirements().ok ? openCgroups(instance) : undefined;
      const lists = (() => {
        try {
          return readdirSync(state);
        } catch {
          return [];
        }
      })();
      for (const gone of new Set([...lists, ...(groups?.owners() ?? [])])) {
        if (ownerLives(gone) || !/^\d+-\d+$/.test(gone)) continue;
        await groups?.removeOwner(gone);
        if (!mountPoints().some((path) => path.startsWith(`${join(state, gone)}/`))) rmSync(join(state, gone), { recursive: true, force: true });
      }
      await disks.sweep();
      groups?.removeInstance();
      sweepEdgeGroup(options.data);
      if (groups !== undefined) await removeFirewall();
    },
    warm: pool.warm,
    close: pool.close,
  };
};

type Parts = { cgroup?: Cgroup; root?: Root; network?: Network };

const unavailable = (why: string, fix: string): Result<never> => fail('sandbox_unavailable', 'this machine can not isolate builds and functions yet', fix, why);

const openHandle = (place: Place, cgroup: Cgroup, tidy: () => Promise<void>, ahead: Launcher | undefined): SandboxHandle => {
  let opened = ahead;
  let ending: Promise<void> | undefined;
  let last: CgroupUsage | undefined;
  return {
    spawn(command): SandboxProcess {
      if (ending !== undefined) return refusedProcess('the sandbox was destroyed');
      const launcher = opened;
      opened = undefined;
      if (launcher === undefined) return startProcess(place, command);
      const fits = launcher.alive() && command.input === undefined && launcher.argv.join('\0') === command.argv.join('\0');
      if (!fits) launcher.child.kill('SIGKILL');
      return startProcess(place, command, fits ? launcher : undefined);
    },
    usage: async () => last ?? cgroup.usage(),
    destroy: () => {
      if (ending === undefined) {
        last = cgroup.usage();
        ending = tidy();
      }
      return ending;
    },
  };
};

/** Tries it: a sandbox with a network in which a program runs. */
const probe = async (create: Sandboxes['create']): Promise<Result<void>> => {
  const made = await create({ name: 'probe', identity: 'probe', mounts: [], network: 'outbound', limits: { memoryMb: 64, cpus: 1, processes: 8 }, weight: 1 });
  if (!made.ok) return made;
  const started = made.value.spawn({ argv: ['/bin/true'], env: {}, cwd: '/' });
  let errors = '';
  for await (const bytes of started.stderr) errors += Buffer.from(bytes).toString('utf8');
  const { code } = await started.exited;
  await made.value.destroy();
  if (code === 0) return ok(undefined);
  return unavailable(
    errors.trim() || `a trial program ended with ${code}`,
    'Allow user namespaces: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 kernel.unprivileged_userns_clone=1 user.max_user_namespaces=16384',
  );
};
