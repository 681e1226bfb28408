import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Exit, SandboxProcess } from '@anchor/core/ports/sandbox.ts';
import { TOOL_ENV } from './command.ts';
import { INSIDE_UID } from './etc.ts';

const LAUNCH = fileURLToPath(new URL('launch.sh', import.meta.url));

/** Where a program runs. */
export type Place = Readonly<{
  /** Files into which the launcher writes itself: its control groups. */
  doors: readonly string[];
  /** The compiled system call filter. */
  filter: string;
  /** The words of a command that enters namespaces and gives up root, before bubblewrap's own; may be empty. */
  enter: readonly string[];
  /** bubblewrap's options for the files and namespaces of this sandbox. */
  options: readonly string[];
  /** 0 for live traffic, up to 19 for work that can wait. */
  niceness: number;
}>;

type Command = Readonly<{ argv: readonly string[]; env: Readonly<Record<string, string>>; cwd: string; input?: Uint8Array }>;

const ALWAYS = [
  '--unshare-user', '--uid', String(INSIDE_UID), '--gid', String(INSIDE_UID),
  '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--hostname', 'anchor',
  '--die-with-parent', '--new-session', '--json-status-fd', '3', '--seccomp', '5', '--clearenv',
];

/** The options go through a pipe and not on the command line, which every user of the machine could read. */
const settingsOf = (place: Place, command: Command): readonly string[] => [
  ...place.options, ...ALWAYS, ...Object.entries(command.env).flatMap(([name, value]) => ['--setenv', name, value]), '--chdir', command.cwd,
];

/**
 * Descriptors that this process got from whoever started it and that would pass to every program: each is replaced by
 * /dev/null. Node's own close by themselves. Looked up once, before anything is started.
 */
const inherited: readonly number[] = readdirSync('/proc/self/fd').map(Number).filter((fd) => {
  try {
    const flags = /^flags:\s*0?(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
    return fd > 4 && (Number.parseInt(flags, 8) & 0o2000000) === 0;
  } catch {
    return false;
  }
});
const nowhere = inherited.length === 0 ? undefined : openSync('/dev/null', 'r+');
const covers: readonly ('ignore' | number)[] = nowhere === undefined ? [] : Array.from({ length: Math.max(...inherited) - 4 }, (_, index) => (inherited.includes(index + 5) ? nowhere : 'ignore'));

/** A launcher on its way: it has its control groups and namespaces, and waits to be told the rest. */
export type Launcher = Readonly<{ argv: readonly string[]; child: ChildProcess; alive(): boolean }>;

/** Starts launch.sh → nsenter → bubblewrap, which stops at reading its options. */
export const openLauncher = (place: Place, argv: readonly string[], input: boolean): Launcher => {
  const child = spawn('/bin/sh', [LAUNCH, ...place.doors, '--', place.filter, ...place.enter, 'bwrap', '--args', '4', '--', ...argv], {
    env: TOOL_ENV, cwd: '/', stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', ...covers],
  });
  let alive = true;
  for (const event of ['error', 'exit']) child.once(event, () => (alive = false));
  if (child.pid !== undefined) stepBack(child.pid, place.niceness);
  return { argv, child, alive: () => alive };
};

/** Starts a program inside: launch.sh → nsenter → bubblewrap → program, without a process in between. `opened` is a launcher for just these words. */
export const startProcess = (place: Place, command: Command, opened?: Launcher): SandboxProcess => {
  const settings = settingsOf(place, command);
  if (command.argv.length === 0 || [...settings, ...command.argv].some((text) => text.includes('\0'))) return refusedProcess('a program, its arguments and its environment can not be empty or contain a NUL character');
  const { child } = opened ?? openLauncher(place, command.argv, command.input !== undefined);
  const [stdin, stdout, stderr, statusPipe, argumentPipe] = child.stdio;
  const status = { text: '' };
  for (const pipe of [stdin, statusPipe, argumentPipe]) pipe?.on('error', () => {});
  statusPipe?.on('data', (bytes: Buffer) => (status.text += bytes.toString('utf8')));
  if (argumentPipe !== null && argumentPipe !== undefined && 'end' in argumentPipe) argumentPipe.end(`${settings.join('\0')}\0`);
  if (command.input !== undefined) child.stdin?.end(command.input);

  let ended = false;
  const exited = new Promise<Exit>((resolve) => {
    child.on('error', () => resolve({ code: 127, signal: null }));
    child.on('exit', (code, signal) => {
      ended = true;
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
    if (program === undefined) setTimeout(() => (attempt < 1000 ? kill(signal, attempt + 1) : child.kill('SIGKILL')), 5).unref();
    else send(program, signal);
  };
  return { stdout: stdout ?? nothing(), stderr: stderr ?? nothing(), exited, kill: (signal) => kill(signal) };
};

/** bubblewrap answers 128 + n for a program that signal n ended, as a shell does. */
const toExit = (code: number): Exit => {
  const signal = code > 128 ? Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] : undefined;
  return signal === undefined ? { code, signal: null } : { code: null, signal };
};

/** The host's id of the sandbox's first process, from bubblewrap's status pipe. */
const firstProcess = (status: string): number | undefined => {
  const found = /"child-pid"\s*:\s*(\d+)/.exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
};

/** The program: the second process that was made in the sandbox, and a child of the first. */
const programOf = (first: number): number | undefined => {
  try {
    const children = readFileSync(`/proc/${first}/task/${first}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    return children.find((pid) => /^NSpid:.*\t2$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  } catch {
    return undefined;
  }
};

const send = (pid: number | undefined, signal: NodeJS.Signals): void => {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
};

/** When processor or memory of the whole machine run short, builds give way first, then functions, then the platform. */
const stepBack = (pid: number, niceness: number): void => {
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

/** What a shell answers for a program that it can not start. */
export const refusedProcess = (why: string): SandboxProcess => ({ stdout: nothing(), stderr: oneLine(why), exited: Promise.resolve({ code: 127, signal: null }), kill: () => {} });
