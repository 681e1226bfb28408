import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { compileCacheOf } from './compile-cache.ts';
import { DiskReserve } from './disk-reserve.ts';
import { ManagedProcess, type ProcessName } from './managed-process.ts';
import { settingsToEnv, type Settings } from './settings.ts';
import { BEAT_MS } from './stall-detector.ts';

export type { ProcessName } from './managed-process.ts';

export type SupervisorOptions = Readonly<{
  /** Where the bundles of the programs are. */
  bundles: string | undefined;
  report: (line: string) => void;
  /** Ends with the reason when a process cannot start, even where sites could be served meanwhile: `--once`. */
  allOrNothing: boolean;
}>;

/** The next processes are started without waiting any longer for those before them. */
const EDGE_FIRST_MS = 5_000;
const HOST_FIRST_MS = 5_000;

/**
 * Runs the processes of a platform. The edge starts first and alone, from its own copy of routes and blobs, so that
 * sites are served even when the rest cannot start. Then come the function host and the control plane. No failure of a
 * child, a disk or a file ends this process.
 */
export class Supervisor {
  /**
   * Resolves when every process was ready; rejects with the reason when nothing can be served without the one that
   * cannot start.
   */
  readonly ready: Promise<void>;
  readonly #settings: Settings;
  readonly #report: (line: string) => void;
  readonly #edges: readonly ManagedProcess[];
  readonly #host: ManagedProcess;
  readonly #server: ManagedProcess;
  readonly #reserve: DiskReserve;
  readonly #compileCache: string;
  readonly #looking: NodeJS.Timeout;
  #ending = false;
  /** A backup that is being put in place: half of it is no state to end in. */
  #restoring: Promise<void> | undefined;
  #demonstration: ChildProcess | undefined;

  constructor(settings: Settings, { bundles, report, allOrNothing }: SupervisorOptions) {
    this.#settings = settings;
    this.#report = report;
    this.#compileCache = compileCacheOf(settings, process.env);
    const { run, database, routes } = pathsIn(settings.data);
    const canServe = !allOrNothing && (existsSync(database) || existsSync(routes));
    this.#reserve = new DiskReserve({
      data: settings.data,
      megabytes: settings.controlReserveMb,
      keepFreeMb: settings.minFreeDiskMb,
      report,
    });
    this.#reserve.open();
    attempt(() => mkdirSync(run, { recursive: true, mode: 0o700 }));
    keepConnectionsOnRestart();

    let refuse: (reason: Error) => void = () => undefined;
    const refused = new Promise<never>((_, reject) => {
      refuse = reject;
    });
    refused.catch(() => undefined);
    const make = (name: ProcessName): ManagedProcess => {
      let reported = '';
      return new ManagedProcess(name, {
        settings,
        compileCache: this.#compileCache,
        bundles,
        report,
        changed: () => this.#note(),
        fatal: (reason) => {
          if (!canServe || name.startsWith('edge-')) return refuse(new Error(reason));
          if (reported !== reason)
            report(`✗ ${name} cannot start: ${reason}\n    Sites that are live stay live. Retrying every 10 s.`);
          reported = reason;
        },
        restore: (directory) => {
          this.#restoring ??= this.#restore(directory).finally(() => {
            this.#restoring = undefined;
          });
        },
      });
    };
    this.#edges = Array.from({ length: settings.edgeWorkers }, (_, i) => make(`edge-${i}`));
    this.#host = make('host');
    this.#server = make('server');
    this.#looking = setInterval(() => {
      const now = performance.now();
      for (const managed of this.#all) managed.look(now);
    }, BEAT_MS);
    this.#looking.unref();
    const started = this.#start().then(() => Promise.all(this.#all.map((managed) => managed.ready)));
    this.ready = Promise.race([refused, started]).then(() => undefined);
  }

  pid(name: ProcessName): number | undefined {
    return this.#all.find((managed) => managed.name === name)?.pid;
  }

  /**
   * Prints all addresses, and creates the demo project where there is no project and `create`; false when it does not
   * respond.
   */
  demo(create: boolean): Promise<boolean> {
    const program = fileURLToPath(new URL('./demo-process.ts', import.meta.url));
    const env = {
      ...process.env,
      ...settingsToEnv(this.#settings),
      NODE_COMPILE_CACHE: this.#compileCache,
      ANCHOR_DEMO: create ? '1' : '0',
    };
    return new Promise((resolve) => {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
        env,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      this.#demonstration = child;
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
  }

  /** Ends everything in order: no new work, then no new requests, then functions. */
  async stop(): Promise<void> {
    this.#ending = true;
    this.#demonstration?.kill();
    await this.#restoring;
    clearInterval(this.#looking);
    this.#reserve.close();
    await this.#stopAll();
  }

  get #all(): readonly ManagedProcess[] {
    return [...this.#edges, this.#host, this.#server];
  }

  async #start(): Promise<void> {
    for (const edge of this.#edges) edge.start();
    await within(EDGE_FIRST_MS, Promise.all(this.#edges.map((edge) => edge.ready)));
    if (this.#ending) return;
    const { key, database } = pathsIn(this.#settings.data);
    this.#host.start();
    // At the very first start the host waits for the files that the server makes.
    if (existsSync(key) && existsSync(database)) await within(HOST_FIRST_MS, this.#host.ready);
    if (!this.#ending) this.#server.start();
  }

  async #stopAll(): Promise<void> {
    await this.#server.stop();
    await Promise.all(this.#edges.map((edge) => edge.stop()));
    await this.#host.stop();
  }

  /** Stops everything, puts a checked backup in place, starts again. */
  async #restore(directory: string): Promise<void> {
    if (this.#ending) return;
    this.#report('restoring a backup; everything restarts');
    await this.#stopAll();
    // Stopped on purpose meanwhile: the backup is restored, since that was acknowledged, but nothing is started.
    try {
      // Loaded when it is needed: it is a third of what this process would hold otherwise.
      const { activateBackup } = await import('@anchor/adapter-local/backup/platform-restore.ts');
      const swapped = await activateBackup(directory, this.#settings.data, Date.now());
      this.#report(
        swapped.ok
          ? 'the backup is restored'
          : `${swapped.error.message}: ${swapped.error.cause ?? ''}. ${swapped.error.fix}`,
      );
    } catch (error) {
      this.#report(`the backup could not be restored: ${String(error)}`);
    }
    if (!this.#ending) for (const managed of this.#all) managed.start();
  }

  /**
   * Writes which process is which, for users and for `anchor doctor`. A failure is ignored: a full disk must not end
   * what runs.
   */
  #note(): void {
    const { run } = pathsIn(this.#settings.data);
    attempt(() => {
      const pids = Object.fromEntries(this.#all.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid]])));
      writeFileSync(join(run, 'pids.json.new'), JSON.stringify(pids));
      renameSync(join(run, 'pids.json.new'), join(run, 'pids.json'));
    });
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Nothing depends on it.
  }
}

/** Resolves with the work, or after the time. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]);
  clearTimeout(timer);
}

/**
 * Moves connections in the queue of an exiting edge worker to its siblings instead of resetting them. Absent on old
 * kernels, refused without root: then a restart of an edge may cost the connections of that moment.
 */
function keepConnectionsOnRestart(): void {
  attempt(() => writeFileSync('/proc/sys/net/ipv4/tcp_migrate_req', '1'));
}
