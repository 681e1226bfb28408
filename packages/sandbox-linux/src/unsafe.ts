import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Disk, DiskUse, SandboxHandle, SandboxProcess, SandboxSpec } from '@anchor/core/ports/sandbox.ts';
import { directoriesIn, namesIn } from './directories.ts';
import { LIVE_WEIGHT } from './cgroup.ts';
import { run } from './command.ts';
import { softDisk } from './opened-disk.ts';
import { nameServers, writeEtc } from './etc.ts';
import { ownerLives, ownerOf } from './identity.ts';
import { refusedProcess, startProcess, type SpawnTarget } from './process.ts';
import { checkSandboxName } from './sandbox-name.ts';
import type { LocalSandboxes } from './sandboxes.ts';
import { seccompFilter } from './seccomp.ts';
import { fileOptions } from './unsafe-files.ts';
import { runTrialProgram } from './probe.ts';

const DISK_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/**
 * Creates sandboxes that do not isolate, for machines that cannot, and only behind `--unsafe-no-sandbox`. Bubblewrap
 * shows a program the same files as a sandbox would, and that is all. It runs as the platform's own user, in the
 * machine's own network (loopback and private addresses included), without limits of memory, processor, processes or
 * disk. Only for code that you trust.
 */
export class UnsafeSandboxes implements LocalSandboxes {
  readonly #trustStore: string | undefined;
  readonly #disks: string;
  readonly #state: string;
  readonly #owner = ownerOf(process.pid) ?? `${process.pid}-0`;
  /** Names of sandboxes that were not destroyed yet, and of disks that are open. */
  readonly #live = new Set<string>();
  readonly #open = new Set<string>();

  constructor({ data, trustStore }: Readonly<{ data: string; trustStore?: string }>) {
    const directories = directoriesIn(data);
    this.#trustStore = trustStore;
    this.#disks = directories.disks;
    this.#state = join(directories.run, 'unsafe');
  }

  async create(spec: SandboxSpec): Promise<Result<SandboxHandle>> {
    const named = checkSandboxName(spec.name, this.#live);
    if (!named.ok) return named;
    const filter = seccompFilter(process.arch);
    if (filter === undefined || !existsSync('/usr/bin/bwrap'))
      return fail(
        'sandbox_unavailable',
        'Builds and functions need bubblewrap even without isolation',
        'apt-get install bubblewrap',
      );
    const dir = join(this.#state, this.#owner, spec.name);
    rmSync(dir, { recursive: true, force: true });
    writeEtc(join(dir, 'etc'), nameServers());
    writeFileSync(join(dir, 'etc/resolv.conf'), readFileSync('/etc/resolv.conf'));
    writeFileSync(join(dir, 'filter'), filter);
    const files = fileOptions(spec, dir, this.#trustStore);
    if (!files.ok) return files;
    this.#live.add(spec.name);
    const target: SpawnTarget = {
      procsFiles: [],
      filter: join(dir, 'filter'),
      enter: [],
      options: [...files.value, ...(spec.network === 'none' ? ['--unshare-net'] : [])],
      niceness: spec.weight >= LIVE_WEIGHT ? 0 : 10,
    };
    return ok(
      new UnsafeSandbox(target, () => {
        rmSync(dir, { recursive: true, force: true });
        this.#live.delete(spec.name);
      }),
    );
  }

  async available(): Promise<Result<void>> {
    const ran = await runTrialProgram(this);
    if (!ran.ok) return ran;
    return ran.value.code === 0
      ? ok(undefined)
      : fail(
          'sandbox_unavailable',
          'Bubblewrap cannot start a program here',
          'Allow user namespaces: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=16384',
          ran.value.errors.trim(),
        );
  }

  async openDisk({ name, sizeMb }: Parameters<LocalSandboxes['openDisk']>[0]): Promise<Result<Disk>> {
    if (!DISK_NAME.test(name))
      return fail(
        'invalid_input',
        `"${name.slice(0, 80)}" is not a name of a disk`,
        'Use 1 to 64 of a–z, 0–9, "_" and "-".',
      );
    const path = join(this.#disks, name);
    mkdirSync(path, { recursive: true });
    this.#open.add(name);
    return ok(softDisk(path, sizeMb, () => void this.#open.delete(name)));
  }

  async removeDisk(name: string): Promise<boolean> {
    if (!DISK_NAME.test(name) || this.#open.has(name)) return false;
    rmSync(join(this.#disks, name), { recursive: true, force: true });
    return true;
  }

  async listDisks(): Promise<readonly DiskUse[]> {
    return Promise.all(
      namesIn(this.#disks).map(async (name) => {
        const path = join(this.#disks, name);
        const measured = await run(['du', '-sk', '--', path]);
        const bytes = (Number.parseInt(measured.stdout, 10) || 0) * 1024;
        return { name, bytes, usedAt: statSync(path).mtimeMs, inUse: this.#open.has(name) };
      }),
    );
  }

  async sweep(): Promise<void> {
    for (const gone of namesIn(this.#state))
      if (!ownerLives(gone)) rmSync(join(this.#state, gone), { recursive: true, force: true });
  }

  /** There are no networks to prepare. */
  async warm(): Promise<Result<void>> {
    return ok(undefined);
  }

  async close(): Promise<void> {}
}

class UnsafeSandbox implements SandboxHandle {
  readonly #target: SpawnTarget;
  readonly #remove: () => void;
  readonly #running = new Set<SandboxProcess>();
  #ended = false;

  constructor(target: SpawnTarget, remove: () => void) {
    this.#target = target;
    this.#remove = remove;
  }

  spawn(command: Parameters<SandboxHandle['spawn']>[0]): SandboxProcess {
    if (this.#ended) return refusedProcess('the sandbox was destroyed');
    const started = startProcess(this.#target, command);
    this.#running.add(started);
    void started.exited.then(() => this.#running.delete(started));
    return started;
  }

  async usage(): ReturnType<SandboxHandle['usage']> {
    return { memoryPeakMb: 0, residentMb: 0, oomKills: 0, processLimitHits: 0 };
  }

  async destroy(): Promise<void> {
    this.#ended = true;
    for (const each of this.#running) each.kill('SIGKILL');
    await Promise.all([...this.#running].map((each) => each.exited));
    this.#remove();
  }
}
