import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { batchScheduled } from './batch-scheduled.ts';
import { compileCacheOf } from './compiled.ts';
import { settingsToEnv, type Settings } from './settings.ts';

/** One of the processes that make a platform. Each can die and come back alone. */
export type ProcessName = 'server' | 'host' | `edge-${number}`;

export type Supervisor = Readonly<{
  /** Resolves when every process said that it is ready; rejects with the reason when one gives up before. */
  ready: Promise<void>;
  pid(name: ProcessName): number | undefined;
  /** Says where everything is, makes the demo project where there is no project and `create`; false when it does not answer. */
  demo(create: boolean): Promise<boolean>;
  /** Ends everything in order: no new work, then no new requests, then functions. */
  stop(): Promise<void>;
}>;

/** A process that says `fatal` (with a reason a person can act on) is not started again. */
type Message = { type: 'ready' } | { type: 'fatal'; message: string } | { type: 'restore'; directory: string };

const STOP_MS = 40_000;
const MAX_BACKOFF_MS = 10_000;
/** After this long a process counts as healthy, and its next crash restarts at once. */
const HEALTHY_MS = 30_000;

export function supervise(settings: Settings, report: (line: string) => void): Supervisor {
  const names: ProcessName[] = ['server', 'host', ...Array.from({ length: settings.edgeWorkers }, (_, i): ProcessName => `edge-${i}`)];
  const children = new Map<ProcessName, ChildProcess>();
  const timers = new Set<NodeJS.Timeout>();
  let stopping = false;
  let ending = false;
  /** A backup that is being put in place: half of it is no state to end in. */
  let restoring: Promise<void> | undefined;
  let demonstration: ChildProcess | undefined;
  /** What was ready once can be ready again: a port that somebody took meanwhile, a disk that was full. */
  const proven = new Set<ProcessName>();

  const compileCache = compileCacheOf(settings, process.env);
  const run = join(settings.data, 'run');
  mkdirSync(run, { recursive: true, mode: 0o700 });
  /** Who is who, for people and for `anchor doctor`. */
  const note = (): void => {
    writeFileSync(join(run, 'pids.json.new'), JSON.stringify(Object.fromEntries([...children].map(([name, child]) => [name, child.pid]))));
    renameSync(join(run, 'pids.json.new'), join(run, 'pids.json'));
  };

  const start = (name: ProcessName, backoff: number, onReady: () => void, onFatal: (reason: string) => void): void => {
    const [kind, worker] = name.startsWith('edge-') ? ['edge', name.slice(5)] : [name, ''];
    const startedAt = Date.now();
    // The server stores files of builds and flushes the database in the same thread pool: neither may wait for the other.
    const [program = process.execPath, ...args] = [...(kind === 'edge' ? batchScheduled(process.env) : []), process.execPath, '--disable-warning=ExperimentalWarning', ...heapFlags(kind), fileURLToPath(new URL(`./${kind}.ts`, import.meta.url))];
    const child = spawn(program, args, {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache, MALLOC_ARENA_MAX: '2', ...settingsToEnv(settings), ANCHOR_WORKER: worker, ...(kind === 'server' ? { UV_THREADPOOL_SIZE: '16' } : {}) },
      // A group of its own: Ctrl-C reaches the supervisor alone, which then stops things in order.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    children.set(name, child);
    note();
    let fatal = false;
    child.on('message', (message: Message) => {
      if (message.type === 'ready') {
        proven.add(name);
        onReady();
      } else if (message.type === 'restore') restoring ??= restore(message.directory).finally(() => (restoring = undefined));
      else if (proven.has(name)) report(`${name}: ${message.message}`);
      else {
        fatal = true;
        onFatal(message.message);
      }
    });
    child.once('error', (error) => {
      // What could not be started says nothing else.
      if (child.pid === undefined) gone(error.message);
    });
    child.once('exit', (code, signal) => gone(signal ?? `exit ${code}`));
    const gone = (how: string): void => {
      children.delete(name);
      endGroup(child.pid);
      if (!stopping) note();
      if (stopping || fatal) return;
      const wait = Date.now() - startedAt > HEALTHY_MS ? 0 : backoff;
      report(`${name} ended (${how}); it starts again${wait === 0 ? '' : ` in ${wait / 1000} s`}`);
      const timer = setTimeout(() => {
        timers.delete(timer);
        start(name, Math.min(MAX_BACKOFF_MS, Math.max(100, wait * 2)), onReady, onFatal);
      }, wait);
      timers.add(timer);
    };
  };

  keepConnectionsOnRestart();
  const ready = Promise.all(names.map((name) => new Promise<void>((resolve, reject) => start(name, 100, resolve, (reason) => reject(new Error(reason)))))).then(() => undefined);

  /** Stops everything, puts a checked backup in place, starts again. */
  const restore = async (directory: string): Promise<void> => {
    if (stopping) return;
    report('a backup is put in place; everything restarts');
    stopping = true;
    await stopAll();
    // Ended on purpose meanwhile: put in place all the same, since that is what was answered, but not started.
    // Loaded when it is needed: it is a third of what this process would hold otherwise.
    const { swapIn } = await import('@anchor/adapter-local/platform-restore.ts');
    const swapped = await swapIn(directory, settings.data, Date.now());
    report(swapped.ok ? 'the backup is in place' : `${swapped.error.message}: ${swapped.error.cause ?? ''}. ${swapped.error.fix}`);
    if (ending) return;
    stopping = false;
    for (const name of names) start(name, 100, () => undefined, (reason) => report(reason));
  };

  const end = (name: ProcessName): Promise<void> =>
    new Promise((resolve) => {
      const child = children.get(name);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      child.once('exit', () => {
        clearTimeout(force);
        resolve();
      });
      child.kill('SIGTERM');
    });

  const stopAll = async (): Promise<void> => {
    for (const timer of timers) clearTimeout(timer);
    await end('server');
    await Promise.all(names.filter((name) => name.startsWith('edge-')).map(end));
    await end('host');
  };

  return {
    ready,
    pid: (name) => children.get(name)?.pid,
    demo: (create) =>
      new Promise((resolve) => {
        demonstration = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./demo-process.ts', import.meta.url))], { env: { ...process.env, ...settingsToEnv(settings), NODE_COMPILE_CACHE: compileCache, ANCHOR_DEMO: create ? '1' : '0' }, stdio: ['ignore', 'inherit', 'inherit'] });
        demonstration.once('error', () => resolve(false));
        demonstration.once('exit', (code) => resolve(code === 0));
      }),
    async stop() {
      stopping = true;
      ending = true;
      demonstration?.kill();
      await restoring;
      await stopAll();
    },
  };
}

/** A download or a git command of a process that was killed would write on, beside the process that takes its place. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It left nothing.
  }
}

/**
 * Connections that wait in the queue of an edge worker that ends move to its siblings instead of being reset. Absent on
 * old kernels, refused without root: then a restart of an edge may cost the connections of that moment.
 */
function keepConnectionsOnRestart(): void {
  try {
    writeFileSync('/proc/sys/net/ipv4/tcp_migrate_req', '1');
  } catch {
    // Nothing depends on it.
  }
}

/**
 * Small processes stay small: V8 grows its young generation far beyond what they need. An edge worker collects its young
 * objects by itself: where all processors are busy, the collector's helpers are waited for.
 */
const heapFlags = (kind: string): readonly string[] => (kind === 'edge' ? ['--max-semi-space-size=16', '--no-parallel-scavenge'] : ['--max-semi-space-size=4']);
