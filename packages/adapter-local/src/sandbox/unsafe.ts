import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, existsSync, lstatSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Sandboxes, SandboxHandle, SandboxProcess, SandboxSpec } from '@anchor/core/ports/sandbox.ts';
import { pathsIn } from '../paths.ts';
import { LIVE_WEIGHT } from './cgroup.ts';
import { softDisk } from './disk.ts';
import { BOUND, nameServers, writeEtc } from './etc.ts';
import { ownerLives, ownerOf } from './identity.ts';
import { parseTarget, resolveSource, sortMounts } from './mounts.ts';
import { refusedProcess, startProcess } from './process.ts';
import { seccompFilter } from './seccomp.ts';

/**
 * For machines that can not isolate, and only behind `--unsafe-no-sandbox`: bubblewrap shows a program the same files
 * as a sandbox would, and that is all. It runs as the platform's own user, in the machine's own network (loopback and
 * private addresses included), without limits of memory, processor, processes or disk. Only for code that you trust.
 */
export const createUnsafeSandboxes = (options: Readonly<{ data: string; trustStore?: string }>): Sandboxes => {
  const paths = pathsIn(options.data);
  const owner = ownerOf(process.pid) ?? `${process.pid}-0`;
  const state = join(paths.run, 'unsafe');
  const live = new Set<string>();

  const create = async (spec: SandboxSpec): Promise<Result<SandboxHandle>> => {
    if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(spec.name)) return fail('invalid_input', `"${spec.name.slice(0, 60)}" is not a name of a sandbox`, 'Use 1 to 40 of a–z, 0–9 and "-".');
    if (live.has(spec.name)) return fail('already_exists', `a sandbox named ${spec.name} runs already`, 'Destroy it first, or use another name.');
    const filter = seccompFilter(process.arch);
    if (filter === undefined || !existsSync('/usr/bin/bwrap')) return fail('sandbox_unavailable', 'builds and functions need bubblewrap even without isolation', 'apt-get install bubblewrap');
    const dir = join(state, owner, spec.name);
    rmSync(dir, { recursive: true, force: true });
    writeEtc(join(dir, 'etc'), nameServers());
    writeFileSync(join(dir, 'etc/resolv.conf'), readFileSync('/etc/resolv.conf'));
    writeFileSync(join(dir, 'filter'), filter);
    const files = fileOptions(spec, dir, options.trustStore);
    if (!files.ok) return files;
    live.add(spec.name);
    const running = new Set<SandboxProcess>();
    let ended = false;
    return ok({
      spawn(command) {
        if (ended) return refusedProcess('the sandbox was destroyed');
        const started = startProcess({ doors: [], filter: join(dir, 'filter'), enter: [], options: [...files.value, ...(spec.network === 'none' ? ['--unshare-net'] : [])], niceness: spec.weight >= LIVE_WEIGHT ? 0 : 10 }, command);
        running.add(started);
        void started.exited.then(() => running.delete(started));
        return started;
      },
      usage: async () => ({ memoryPeakMb: 0, heldMb: 0, oomKills: 0, processLimitHits: 0 }),
      async destroy() {
        ended = true;
        for (const each of running) each.kill('SIGKILL');
        await Promise.all([...running].map((each) => each.exited));
        rmSync(dir, { recursive: true, force: true });
        live.delete(spec.name);
      },
    });
  };

  return {
    create,
    async available() {
      const made = await create({ name: 'probe', identity: 'probe', mounts: [], network: 'outbound', limits: { memoryMb: 64, cpus: 1, processes: 8 }, weight: 1 });
      if (!made.ok) return made;
      const { code } = await made.value.spawn({ argv: ['/bin/true'], env: {}, cwd: '/' }).exited;
      await made.value.destroy();
      return code === 0 ? ok(undefined) : fail('sandbox_unavailable', 'bubblewrap can not start a program here', 'Allow user namespaces: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=16384');
    },
    async openDisk({ name, sizeMb }) {
      const path = join(paths.disks, name);
      if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) return fail('invalid_input', `"${name.slice(0, 80)}" is not a name of a disk`, 'Use 1 to 64 of a–z, 0–9, "_" and "-".');
      mkdirSync(path, { recursive: true });
      return ok(softDisk(path, sizeMb, () => {}));
    },
    removeDisk: async (name) => {
      if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) rmSync(join(paths.disks, name), { recursive: true, force: true });
    },
    async sweep() {
      for (const gone of existsSync(state) ? readdirSync(state) : []) if (!ownerLives(gone)) rmSync(join(state, gone), { recursive: true, force: true });
    },
  };
};

const fileOptions = (spec: SandboxSpec, dir: string, trustStore: string | undefined): Result<readonly string[]> => {
  const words: string[] = ['--ro-bind', '/usr', '/usr', '--proc', '/proc', '--dev', '/dev', '--ro-bind', join(dir, 'etc'), '/etc'];
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32']) {
    const found = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() === true) words.push('--symlink', readlinkSync(`/${name}`), `/${name}`);
    else if (found !== undefined) words.push('--ro-bind', `/${name}`, `/${name}`);
  }
  for (const path of [...BOUND, ...(trustStore === undefined ? [] : [trustStore])]) {
    if (!existsSync(path)) continue;
    if (path.startsWith('/etc/') && statSync(path).isDirectory()) mkdirSync(join(dir, path), { recursive: true });
    words.push('--ro-bind', path, path);
  }
  if (!spec.mounts.some((mount) => mount.to === '/tmp')) words.push('--tmpfs', '/tmp');
  for (const mount of sortMounts(spec.mounts)) {
    const to = parseTarget(mount.to);
    if (!to.ok) return to;
    if (mount.kind === 'tmpfs') words.push('--tmpfs', mount.to);
    else if (mount.kind === 'overlay') {
      // Without overlays the upper layer becomes a copy.
      if (readdirSync(mount.upper).length === 0) cpSync(mount.lower, mount.upper, { recursive: true, verbatimSymlinks: true });
      words.push('--bind', mount.upper, mount.to);
    } else {
      const source = resolveSource(mount.from);
      if (!source.ok) return source;
      words.push(mount.kind === 'read' ? '--ro-bind' : '--bind', source.value.path, mount.to);
    }
  }
  return ok(words);
};
