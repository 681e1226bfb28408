import type { SandboxHandle, SandboxProcess } from '@anchor/core/ports/sandbox.ts';
import type { Cgroup, CgroupUsage } from './cgroup.ts';
import { refusedProcess, startProcess, type PrespawnedLauncher, type SpawnTarget } from './process.ts';

type Command = Parameters<SandboxHandle['spawn']>[0];

/** A sandbox that programs can be started in. */
export class BubblewrapSandbox implements SandboxHandle {
  readonly #target: SpawnTarget;
  readonly #cgroup: Cgroup;
  readonly #remove: () => Promise<void>;
  #prespawned: PrespawnedLauncher | undefined;
  #removing: Promise<void> | undefined;
  #lastUsage: CgroupUsage | undefined;

  /** `remove`: kills what runs in it, and removes what it consists of. */
  constructor(
    target: SpawnTarget,
    cgroup: Cgroup,
    remove: () => Promise<void>,
    prespawned: PrespawnedLauncher | undefined,
  ) {
    this.#target = target;
    this.#cgroup = cgroup;
    this.#remove = remove;
    this.#prespawned = prespawned;
  }

  spawn(command: Command): SandboxProcess {
    if (this.#removing !== undefined) return refusedProcess('the sandbox was destroyed');
    const launcher = this.#prespawned;
    this.#prespawned = undefined;
    if (launcher === undefined) return startProcess(this.#target, command);
    if (fits(launcher, command)) return startProcess(this.#target, command, launcher);
    launcher.child.kill('SIGKILL');
    return startProcess(this.#target, command);
  }

  async usage(): Promise<CgroupUsage> {
    return this.#lastUsage ?? this.#cgroup.usage();
  }

  destroy(): Promise<void> {
    if (this.#removing === undefined) {
      this.#lastUsage = this.#cgroup.usage();
      this.#removing = this.#remove();
    }
    return this.#removing;
  }
}

const fits = (launcher: PrespawnedLauncher, command: Command): boolean =>
  launcher.alive() && command.input === undefined && launcher.argv.join('\0') === command.argv.join('\0');
