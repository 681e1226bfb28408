import { spawn, type ChildProcess } from 'node:child_process';
import { programFile } from './bundle/programs.ts';
import { RestartBackoff } from './restart-backoff.ts';
import { settingsToEnv, type Settings } from './settings.ts';
import { CONTROL_LIMITS, EDGE_LIMITS, StallDetector } from './stall-detector.ts';
import { processStart } from './tuning/process-start.ts';
import { vitalOf } from './vitals.ts';

/** One of the processes that make a platform. Each can die and come back alone. */
export type ProcessName = 'server' | 'host' | `edge-${number}`;

/** `fatal` carries a reason that a user can act on; `beat` reports that the event loop turns. */
type Message =
  | { type: 'ready' }
  | { type: 'beat' }
  | { type: 'fatal'; message: string }
  | { type: 'restore'; directory: string };

export type ProcessOptions = Readonly<{
  settings: Settings;
  compileCache: string;
  /** Where the bundles are, see bundle/programs.ts. */
  bundles: string | undefined;
  report: (line: string) => void;
  /** Its process id changed. */
  changed: () => void;
  /** It cannot start, with the reason; the start is retried until `stop`. */
  fatal: (reason: string) => void;
  restore: (directory: string) => void;
}>;

const STOP_MS = 40_000;
/**
 * The longest wait before the next start of a process that does not come to serve. A site without an edge worker is
 * down.
 */
const MAX_BACKOFF_MS = { server: 10_000, host: 2_000, edge: 1_000 } as const;
/**
 * Pause between two starts of a process that reports why it cannot start: a full disk is freed, a backup is restored.
 */
const FATAL_RETRY_MS = 10_000;

/** Starts one process, watches it, and starts it again whenever it ends, until it is stopped. */
export class ManagedProcess {
  readonly name: ProcessName;
  /** Resolves when it was ready for the first time. */
  readonly ready: Promise<void>;
  readonly #options: ProcessOptions;
  readonly #kind: 'server' | 'host' | 'edge';
  #child: ChildProcess | undefined;
  #stalls: StallDetector;
  #timer: NodeJS.Timeout | undefined;
  #stopping = true;
  /** When this start of it was ready, in ms of the monotonic clock. */
  #readyAt: number | undefined;
  readonly #backoff: RestartBackoff;
  /** A process that was ready once can be ready again: a port that was taken meanwhile, a disk that was full. */
  #proven = false;
  #fatal: string | undefined;
  #lastReport: string | undefined;
  #killed = false;
  #readied: () => void = () => undefined;

  constructor(name: ProcessName, options: ProcessOptions) {
    this.name = name;
    this.#options = options;
    this.#kind = name === 'server' || name === 'host' ? name : 'edge';
    this.#stalls = this.#newDetector();
    this.#backoff = new RestartBackoff(MAX_BACKOFF_MS[this.#kind]);
    this.ready = new Promise((resolve) => {
      this.#readied = resolve;
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    if (!this.#stopping) return;
    this.#stopping = false;
    this.#backoff.reset();
    this.#spawn();
  }

  /** Lets it end in order, kills it after `STOP_MS`. */
  stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      child.once('exit', () => {
        clearTimeout(force);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  /** Kills it when its event loop does not turn; call it every `BEAT_MS`. */
  look(now: number): void {
    const child = this.#child;
    const pid = child?.pid;
    if (child === undefined || pid === undefined || this.#stopping) return;
    const verdict = this.#stalls.look(now, () => vitalOf(pid));
    if (verdict === undefined) return;
    this.#options.report(`${this.name}: ${verdict.reason}`);
    if (verdict.kind === 'notice') return;
    this.#killed = true;
    child.kill('SIGKILL');
  }

  #spawn(): void {
    this.#readyAt = undefined;
    this.#fatal = undefined;
    this.#killed = false;
    this.#stalls = this.#newDetector();
    try {
      const child = this.#launch();
      this.#child = child;
      this.#options.changed();
      child.on('message', (message: Message) => this.#heard(message));
      child.once('error', (error) => {
        // A process that could not be spawned reports nothing else.
        if (child.pid === undefined) this.#gone(child, error.message);
      });
      child.once('exit', (code, signal) => this.#gone(child, signal ?? `exit ${code}`));
    } catch (error) {
      this.#gone(undefined, String(error));
    }
  }

  #launch(): ChildProcess {
    const { settings, compileCache, bundles } = this.#options;
    const program = programFile(this.#kind, bundles, process.env);
    const { prefix, flags, variables } = processStart(this.#kind, process.env);
    const command = [...prefix, process.execPath, '--disable-warning=ExperimentalWarning', ...flags, program];
    const [file = process.execPath, ...args] = command;
    const env = {
      ...process.env,
      NODE_COMPILE_CACHE: compileCache,
      ...variables,
      ...settingsToEnv(settings),
      ANCHOR_WORKER: this.#kind === 'edge' ? this.name.slice('edge-'.length) : '',
    };
    // A group of its own: Ctrl-C reaches the supervisor alone, which then stops things in order.
    return spawn(file, args, { env, detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  #heard(message: Message): void {
    switch (message.type) {
      case 'beat':
        return this.#stalls.beat(performance.now());
      case 'restore':
        return this.#options.restore(message.directory);
      case 'ready':
        this.#proven = true;
        this.#readyAt = performance.now();
        this.#lastReport = undefined;
        return this.#readied();
      case 'fatal':
        this.#fatal = message.message;
        if (this.#proven) this.#say(`${this.name}: ${message.message}`);
        else this.#options.fatal(message.message);
    }
  }

  /** Prints a reason once, however often the process is restarted. */
  #say(line: string): void {
    if (this.#lastReport !== line) this.#options.report(line);
    this.#lastReport = line;
  }

  #gone(child: ChildProcess | undefined, how: string): void {
    if (this.#child === child) this.#child = undefined;
    endGroup(child?.pid);
    this.#options.changed();
    if (this.#stopping) return;
    const wait =
      this.#fatal !== undefined && !this.#proven
        ? FATAL_RETRY_MS
        : this.#killed
          ? 0
          : this.#backoff.after(this.#readyAt === undefined ? undefined : performance.now() - this.#readyAt);
    if (this.#fatal === undefined)
      this.#options.report(`${this.name} ended (${how}); it starts again${wait === 0 ? '' : ` in ${wait / 1000} s`}`);
    this.#timer = setTimeout(() => this.#spawn(), wait);
  }

  #newDetector(): StallDetector {
    return new StallDetector(this.#kind === 'edge' ? EDGE_LIMITS : CONTROL_LIMITS);
  }
}

/**
 * Ends the process group of a killed process: its download or git command would otherwise continue beside the process
 * that replaces it.
 */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It left nothing.
  }
}
