import type { Result } from '../result/result.ts';

/** Limits of one sandbox. `cpus` may be fractional; `diskMb` bounds what its writable disk can hold. */
export type SandboxLimits = Readonly<{ memoryMb: number; cpus: number; processes: number }>;

/** What a sandbox sees of the machine's files; everything else does not exist in it. Host paths are absolute. */
export type Mount =
  | Readonly<{ kind: 'read'; from: string; to: string }>
  | Readonly<{ kind: 'write'; from: string; to: string }>
  | Readonly<{ kind: 'tmpfs'; to: string; sizeMb: number }>
  /** `lower` read-only underneath, changes go to `upper`; `work` is scratch on the same disk as `upper`. */
  | Readonly<{ kind: 'overlay'; lower: string; upper: string; work: string; to: string }>;

export type SandboxSpec = Readonly<{
  /** Unique among live sandboxes; `[a-z0-9-]{1,40}`. Names the cgroup and shows in diagnostics. */
  name: string;
  /** Who it runs as: the same identity always maps to the same unprivileged user, two identities to different ones. A project's id. */
  identity: string;
  mounts: readonly Mount[];
  /** `outbound`: the internet and name servers only; no loopback of the machine, no private or metadata addresses but those in `allow`. `none`: nothing. */
  network: 'outbound' | 'none';
  /** CIDR blocks that `outbound` may reach although they are private. */
  allow?: readonly string[];
  limits: SandboxLimits;
  /**
   * Relative share of the processor: builds 1, functions 10. What weighs less than 5 can wait: it gives way at once to
   * live traffic, and still moves on when that never pauses.
   */
  weight: number;
  /** The words of the program that will be started first, where they are known: its start can then be under way until its environment is told. */
  ahead?: readonly string[];
}>;

export type Exit = Readonly<{ code: number | null; signal: string | null }>;

export interface SandboxProcess {
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  readonly exited: Promise<Exit>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface SandboxHandle {
  /** Starts a program: an argument vector, never a shell string; `env` is the whole environment; `cwd` inside the sandbox. */
  spawn(command: Readonly<{ argv: readonly string[]; env: Readonly<Record<string, string>>; cwd: string; input?: Uint8Array }>): SandboxProcess;
  /**
   * What it used so far; `oomKills` and `processLimitHits` say which limit ended it. `heldMb` is the memory that would be
   * free were it destroyed now: without files that it has read, which the machine can forget anyhow.
   */
  usage(): Promise<Readonly<{ memoryPeakMb: number; heldMb: number; oomKills: number; processLimitHits: number }>>;
  /** Kills every process in it, removes its network and cgroup. Safe to call twice. */
  destroy(): Promise<void>;
}

/** A directory with a hard size limit, kept between uses under its name. */
export interface Disk {
  /** Host path, readable and writable by `identity`. */
  readonly path: string;
  free(): Promise<Readonly<{ usedMb: number; sizeMb: number; full: boolean }>>;
  close(): Promise<void>;
}

/**
 * Isolation of processes on this machine, for homes that build and run there (the AWS home uses CodeBuild and Lambda
 * and has no adapter of this port). Its suite runs against the one-machine adapter alone, also where the machine can not
isolate: there is none in memory, because use cases never see a sandbox, only `BuildRunner` and `FunctionHost`, and one
that isolates nothing could pass none of the promises. After a crash, `sweep` removes what earlier processes left.
 */
export interface Sandboxes {
  /** What this machine can do; an error names the missing piece and the command that mends it. */
  available(): Promise<Result<void>>;
  create(spec: SandboxSpec): Promise<Result<SandboxHandle>>;
  openDisk(options: Readonly<{ name: string; identity: string; sizeMb: number }>): Promise<Result<Disk>>;
  removeDisk(name: string): Promise<void>;
  sweep(): Promise<void>;
}
