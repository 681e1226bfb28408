import type { Result } from '../result/result.ts';

/** Limits of one sandbox. `cpus` may be fractional; `diskMb` bounds what its writable disk can hold. */
export type SandboxLimits = Readonly<{ memoryMb: number; cpus: number; processes: number }>;

/** The part of the machine's files that a sandbox sees; no other file exists in it. Host paths are absolute. */
export type Mount =
  | Readonly<{ kind: 'read'; from: string; to: string }>
  | Readonly<{ kind: 'write'; from: string; to: string }>
  | Readonly<{ kind: 'tmpfs'; to: string; sizeMb: number }>
  /** `lower` read-only underneath, changes go to `upper`; `work` is scratch on the same disk as `upper`. */
  | Readonly<{ kind: 'overlay'; lower: string; upper: string; work: string; to: string }>;

export type SandboxSpec = Readonly<{
  /** Unique among live sandboxes; `[a-z0-9-]{1,40}`. Names the cgroup and shows in diagnostics. */
  name: string;
  /**
   * The user that it runs as: the same identity always maps to the same unprivileged user, two identities to different
   * ones. A project's id.
   */
  identity: string;
  mounts: readonly Mount[];
  /**
   * `outbound`: the internet and name servers only; no loopback of the machine, no private or metadata addresses but
   * those in `allow`. `none`: nothing.
   */
  network: 'outbound' | 'none';
  /** CIDR blocks that `outbound` may reach although they are private. */
  allow?: readonly string[];
  /** Host names that lead to the sandbox's own loopback instead of the network. */
  ownNames?: readonly string[];
  limits: SandboxLimits;
  /**
   * Relative share of the processor: builds 1, functions 10. What weighs less than 5 can wait: it yields at once to
   * live traffic, and still moves on when that never pauses.
   */
  weight: number;
  /**
   * The words of the program that will be started first, where they are known: its start can then proceed before its
   * environment is known.
   */
  prespawnArgv?: readonly string[];
}>;

export type Exit = Readonly<{ code: number | null; signal: string | null }>;

export interface SandboxProcess {
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  readonly exited: Promise<Exit>;
  /** Sends a signal to the program; its other processes end with the sandbox. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface SandboxHandle {
  /**
   * Starts a program: an argument vector, never a shell string; `env` is the whole environment; `cwd` inside the
   * sandbox.
   */
  spawn(
    command: Readonly<{
      argv: readonly string[];
      env: Readonly<Record<string, string>>;
      cwd: string;
      input?: Uint8Array;
    }>,
  ): SandboxProcess;
  /**
   * Returns the resources used so far; `oomKills` and `processLimitHits` say which limit ended it. `residentMb` is the
   * memory that destroying it now would free. It excludes files in the page cache, which the kernel can drop at any
   * time.
   */
  usage(): Promise<Readonly<{ memoryPeakMb: number; residentMb: number; oomKills: number; processLimitHits: number }>>;
  /** Kills every process in it, removes its network and cgroup. Safe to call twice. */
  destroy(): Promise<void>;
}

/** The space that a stored disk takes on the machine. `usedAt`: when it was last open, milliseconds since the epoch. */
export type DiskUse = Readonly<{ name: string; bytes: number; usedAt: number; inUse: boolean }>;

/** A directory with a hard size limit, kept between uses under its name. */
export interface Disk {
  /** Host path, readable and writable by `identity`. */
  readonly path: string;
  /** Returns the used and total size, in MiB; `full` when less than a percent, or no file, is left. */
  free(): Promise<Readonly<{ usedMb: number; sizeMb: number; full: boolean }>>;
  /** Releases the disk; what it holds stays for the next `openDisk`. */
  close(): Promise<void>;
}

/**
 * Isolates processes on this machine, for deployment targets that build and run there (AWS uses CodeBuild and Lambda
 * and has no adapter of this port). Its suite runs against the one-machine adapter alone, also where the machine cannot
 * isolate. There is no adapter in memory: use cases never see a sandbox, only `BuildRunner` and `FunctionHost`, and one
 * that isolates nothing could keep none of the promises. After a crash, `sweep` removes what earlier processes left.
 */
export interface Sandboxes {
  /** Checks what this machine can do; an error names the missing piece and the command that fixes it. */
  available(): Promise<Result<void>>;
  /**
   * Creates a sandbox without a program in it. Errors: `invalid_input` (name, mounts), `sandbox_unavailable`,
   * `internal`.
   */
  create(spec: SandboxSpec): Promise<Result<SandboxHandle>>;
  /**
   * Opens the disk of this name, or creates it. Errors: `invalid_input` (name, size), `conflict` (it is open),
   * `internal`.
   */
  openDisk(options: Readonly<{ name: string; identity: string; sizeMb: number }>): Promise<Result<Disk>>;
  /** Lists every stored disk. */
  listDisks(): Promise<readonly DiskUse[]>;
  /** Deletes a disk; false (and nothing happens) while it is open. */
  removeDisk(name: string): Promise<boolean>;
  /** Removes sandboxes, networks, groups and mounts of dead processes; those of living ones stay. */
  sweep(): Promise<void>;
}
