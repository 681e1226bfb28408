import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Exit, SandboxProcess } from '@anchor/core/ports/sandbox.ts';
import { TOOL_ENV } from './command.ts';
import { INSIDE_UID } from './etc.ts';
import { firstProcess, programOf, watchFirst } from './first-process.ts';

const LAUNCH = fileURLToPath(new URL('launch.sh', import.meta.url));

/** The parameters with which a sandbox spawns a program. */
export type SpawnTarget = Readonly<{
  /** `cgroup.procs` files of its control groups; the launcher writes its id into them. */
  procsFiles: readonly string[];
  /** The compiled system call filter. */
  filter: string;
  /** Arguments before bubblewrap's: a command that enters namespaces and drops root; may be empty. */
  enter: readonly string[];
  /** bubblewrap's options for the files and namespaces of this sandbox. */
  options: readonly string[];
  /** 0 for live traffic, up to 19 for deferrable work. */
  niceness: number;
}>;

type Command = Readonly<{
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  input?: Uint8Array;
}>;

const ALWAYS = [
  '--unshare-user',
  '--uid',
  String(INSIDE_UID),
  '--gid',
  String(INSIDE_UID),
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--unshare-cgroup-try',
  '--hostname',
  'anchor',
  '--die-with-parent',
  '--new-session',
  '--json-status-fd',
  '3',
  '--seccomp',
  '5',
  '--clearenv',
];

/**
 * Returns the options of bubblewrap. They go through a pipe and not on the command line, which every user of the
 * machine could read.
 */
const bwrapOptions = (target: SpawnTarget, command: Command): readonly string[] => [
  ...target.options,
  ...ALWAYS,
  ...Object.entries(command.env).flatMap(([name, value]) => ['--setenv', name, value]),
  '--chdir',
  command.cwd,
];

/**
 * File descriptors that this process inherited and that would pass to every program: each is replaced by /dev/null.
 * Node's own close by themselves. Looked up once, before anything is started.
 */
const inherited: readonly number[] = readdirSync('/proc/self/fd')
  .map(Number)
  .filter((fd) => {
    try {
      const flags = /^flags:\s*0?(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
      return fd > 4 && (Number.parseInt(flags, 8) & 0o2000000) === 0;
    } catch {
      return false;
    }
  });
const devNull = inherited.length === 0 ? undefined : openSync('/dev/null', 'r+');
const inheritedFdStdio: readonly ('ignore' | number)[] =
  devNull === undefined
    ? []
    : Array.from({ length: Math.max(...inherited) - 4 }, (_, index) =>
        inherited.includes(index + 5) ? devNull : 'ignore',
      );

/** A prespawned bubblewrap: it has its control groups and namespaces, and waits for its options. */
export type PrespawnedLauncher = Readonly<{ argv: readonly string[]; child: ChildProcess; alive(): boolean }>;

/** Spawns launch.sh → nsenter → bubblewrap, which blocks on reading its options. */
export const prespawnLauncher = (target: SpawnTarget, argv: readonly string[], input: boolean): PrespawnedLauncher => {
  const child = spawn(
    '/bin/sh',
    [LAUNCH, ...target.procsFiles, '--', target.filter, ...target.enter, 'bwrap', '--args', '4', '--', ...argv],
    {
      env: TOOL_ENV,
      cwd: '/',
      stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', ...inheritedFdStdio],
    },
  );
  let alive = true;
  for (const event of ['error', 'exit']) child.once(event, () => (alive = false));
  if (child.pid !== undefined) lowerPriority(child.pid, target.niceness);
  return { argv, child, alive: () => alive };
};

/**
 * Starts a program inside: launch.sh → nsenter → bubblewrap → program, without a process in between. `prespawned` was
 * spawned for exactly these arguments.
 */
export const startProcess = (
  target: SpawnTarget,
  command: Command,
  prespawned?: PrespawnedLauncher,
): SandboxProcess => {
  const settings = bwrapOptions(target, command);
  if (command.argv.length === 0 || [...settings, ...command.argv].some((text) => text.includes('\0')))
    return refusedProcess('a program, its arguments and its environment cannot be empty or contain a NUL character');
  const { child } = prespawned ?? prespawnLauncher(target, command.argv, command.input !== undefined);
  const [stdin, stdout, stderr, statusPipe, argumentPipe] = child.stdio;
  const status = { text: '' };
  for (const pipe of [stdin, statusPipe, argumentPipe]) pipe?.on('error', () => {});
  statusPipe?.on('data', (bytes: Buffer) => (status.text += bytes.toString('utf8')));
  if (argumentPipe !== null && argumentPipe !== undefined && 'end' in argumentPipe)
    argumentPipe.end(`${settings.join('\0')}\0`);
  if (command.input !== undefined) child.stdin?.end(command.input);

  let ended = false;
  const unwatch =
    target.niceness > 0
      ? watchFirst(
          () => firstProcess(status.text),
          () => kill('SIGKILL'),
        )
      : undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.on('error', () => resolve({ code: 127, signal: null }));
    child.on('exit', (code, signal) => {
      ended = true;
      unwatch?.();
      resolve(signal === null ? toExit(code ?? 1) : { code: null, signal });
    });
  });
  const kill = (signal: 'SIGTERM' | 'SIGKILL', attempt = 0): void => {
    if (ended) return;
    const first = firstProcess(status.text);
    if (signal === 'SIGKILL') {
      send(first, 'SIGKILL');
      child.kill('SIGKILL');
      return;
    }
    const program = first === undefined ? undefined : programOf(first);
    // A signal before the program runs waits for it: bubblewrap itself would end it without a chance to drain.
    if (program === undefined)
      setTimeout(() => (attempt < 1000 ? kill(signal, attempt + 1) : child.kill('SIGKILL')), 5).unref();
    else send(program, signal);
  };
  return { stdout: stdout ?? nothing(), stderr: stderr ?? nothing(), exited, kill: (signal) => kill(signal) };
};

/** Converts bubblewrap's exit code: it exits with 128 + n for a program that signal n ended, as a shell does. */
const toExit = (code: number): Exit => {
  const signal =
    code > 128 ? Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] : undefined;
  return signal === undefined ? { code, signal: null } : { code: null, signal };
};

const send = (pid: number | undefined, signal: NodeJS.Signals): void => {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
};

/**
 * Lowers CPU and OOM priority: when the machine runs short, builds are affected first, then functions, then the
 * platform.
 */
const lowerPriority = (pid: number, niceness: number): void => {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, niceness > 0 ? '800' : '300');
    if (niceness > 0) setPriority(pid, niceness);
  } catch {
    // It has ended meanwhile.
  }
};

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* oneLine(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(`${text}\n`);
}

/** Returns a process that failed to start, with the exit code of a shell. */
export const refusedProcess = (why: string): SandboxProcess => ({
  stdout: nothing(),
  stderr: oneLine(why),
  exited: Promise.resolve({ code: 127, signal: null }),
  kill: () => {},
});
