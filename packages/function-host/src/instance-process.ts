import type { SandboxProcess } from '@anchor/core/ports/sandbox.ts';
import { watchDiskUse } from './disk-use.ts';
import { describeExit, type ProcessExit } from './exit-description.ts';
import type { InstancePlan, InstanceSandbox } from './instance-sandbox.ts';
import { LogPipe } from './log-pipe.ts';
import type { LogWriter, LogWriters } from './log-writers.ts';
import type { ProjectDisks } from './project-disks.ts';
import { waitForSocket } from './readiness.ts';
import type { FunctionHostSettings } from './settings.ts';

export type InstanceProcessPorts = Readonly<{
  writers: LogWriters;
  settings: FunctionHostSettings;
  disks: ProjectDisks;
}>;

/** The process of an instance, in its own sandbox. */
export class InstanceProcess {
  readonly #plan: InstancePlan;
  readonly #ports: InstanceProcessPorts;
  readonly #parts: InstanceSandbox;
  readonly #child: SandboxProcess;
  readonly #writer: LogWriter;
  readonly #pipe: LogPipe;
  readonly #logged: Promise<void>;
  #ended = false;
  #cacheFull = false;
  /** Resolves when all of its processes have exited and its sandbox is removed. */
  readonly exited: Promise<ProcessExit>;

  /** Starts the plan's command in the sandbox. */
  constructor(parts: InstanceSandbox, plan: InstancePlan, ports: InstanceProcessPorts) {
    this.#parts = parts;
    this.#plan = plan;
    this.#ports = ports;
    this.#child = parts.sandbox.spawn(plan.command);
    this.#writer = ports.writers.of(plan.deploymentId);
    this.#pipe = new LogPipe(this.#writer, plan.secrets, ports.settings);
    this.#logged = this.#pipe.read(this.#child);
    void this.#child.exited.then(() => (this.#ended = true));
    this.exited = this.#follow();
  }

  /** Returns false once it has ended. */
  alive(): boolean {
    return !this.#ended;
  }

  /** The last lines that it wrote. */
  tail(): string {
    return this.#pipe.tail().join('\n');
  }

  usage(): ReturnType<InstanceSandbox['sandbox']['usage']> {
    return this.#parts.sandbox.usage();
  }

  /** Resolves true when it accepts connections; false when it ends, at the timeout, or when the signal aborts. */
  async listens(signal: AbortSignal): Promise<boolean> {
    const { socket } = this.#parts;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.#ports.settings.startTimeoutMs);
    void this.#child.exited.then(() => abort.abort());
    const accepts = await waitForSocket(socket.inner, AbortSignal.any([abort.signal, signal]));
    const ready = accepts && (await socket.publish());
    clearTimeout(timer);
    abort.abort();
    return ready;
  }

  /** Sends SIGKILL. Resolves when it has exited. */
  async discard(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Sends SIGTERM, and SIGKILL after `seconds`. Resolves when it has exited. */
  async drain(seconds: number, idle = false): Promise<void> {
    if (idle) await this.#parts.socket.markIdle();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), seconds * 1_000);
    await this.exited;
    clearTimeout(timer);
  }

  async #follow(): Promise<ProcessExit> {
    const { sandbox, socket } = this.#parts;
    const unwatch = this.#watchUnbounded();
    const leave = await this.#ports.disks.use(
      this.#plan.identity,
      {
        deploymentId: this.#plan.deploymentId,
        note: (text) => this.#writer.add({ level: 'warn', text: `anchor: ${text}` }),
        stop: () => this.#stopFull(),
      },
      this.#plan.enforced,
    );
    const exit = await this.#child.exited;
    unwatch();
    leave();
    const end = this.#cacheFull
      ? {
          reason: `it wrote more to the machine's disk than fits (at most ${this.#ports.settings.cacheMb} MB per project)`,
          cacheFull: true,
          killed: false,
        }
      : await describeExit(exit, this.#parts, this.#plan.memoryMb);
    await sandbox.destroy(); // children that outlived their parent hold the pipes open
    await this.#logged;
    await socket.remove();
    return end;
  }

  #stopFull(): void {
    this.#cacheFull = true;
    this.#child.kill('SIGKILL');
  }

  /** Measures what is written where a disk of its own cannot be mounted. */
  #watchUnbounded(): () => void {
    const { cacheMb, diskLookMs } = this.#ports.settings;
    const { socket } = this.#parts;
    const [first, ...others] = [
      ...(this.#plan.enforced ? [] : [this.#plan.cache]),
      ...(socket.bounded ? [] : [socket.directory]),
    ];
    if (first === undefined) return () => undefined;
    return watchDiskUse([first, ...others], cacheMb, () => this.#stopFull(), diskLookMs);
  }
}
