/** Choices about V8 in Next.js functions, all on by default; off to measure what each is worth. */
export type FunctionTuning = Readonly<{
  /** The young generation has its full size from the start. */
  youngGeneration: boolean;
  /** V8 does not collect the whole heap after some seconds without a request. */
  noMemoryReducer: boolean;
  /** More old objects may be dead before they are collected. */
  heapGrowing: boolean;
}>;

export const ALL_TUNED: FunctionTuning = { youngGeneration: true, noMemoryReducer: true, heapGrowing: true };

/** Limits and times of the function host. Milliseconds unless a name says otherwise. */
export type FunctionHostSettings = Readonly<{
  /** How long a caller may use upstreams after an acquire. */
  leaseMs: number;
  /** How much longer than the lease an instance is kept, for messages on their way. */
  graceMs: number;
  /** A function that does not accept connections within this time has failed to start. */
  startTimeoutMs: number;
  /** Instances of all projects together. */
  maxInstances: number;
  /**
   * Cores of the machine: a Node process renders on one, so a busy function gets an instance per core before
   * `concurrency` adds more.
   */
  cores: number;
  /** Target of requests in flight per core. */
  targetConcurrencyPerCore: number;
  /** Sum of the memory limits of all instances together, in MiB. */
  memoryMb: number;
  /** Part of the instances and of their memory that one project may hold, 0 to 1. */
  projectShare: number;
  /** How long a start waits for memory that another function releases. */
  admissionTimeoutMs: number;
  /** Processor limit of one instance, in cores. */
  cpus: number;
  /** Process and thread limit of one instance. */
  processes: number;
  /** Size of an instance's private /tmp, in MiB; counts against its memory. */
  temporaryMb: number;
  /**
   * Disk limit of one project's functions (their caches), in MiB; the reserve of the machine's own disk for the
   * platform itself; and the interval of checks.
   */
  cacheMb: number;
  reserveMb: number;
  diskLookMs: number;
  /** Number of functions scaled to zero that keep an empty sandbox: no process, but a network namespace each. */
  warmSandboxes: number;
  /**
   * Prewarmed processes of Next.js functions scaled to zero, in which no application code has run (about 40 MB each):
   * their number, their memory in total in MiB (default: an eighth of what is available), their lifetime, and the
   * interval at which their memory is measured.
   */
  prewarmMax: number;
  prewarmMemoryMb?: number | undefined;
  prewarmTtlMs: number;
  prewarmCheckMs: number;
  /** Private networks that functions may reach, as CIDR blocks: databases on the same network. */
  allowedCidrs: readonly string[];
  /** Output of one instance; what exceeds it is counted and noted, not kept. */
  linesPerSecond: number;
  logBytesPerSecond: number;
  /**
   * Pause after a start that failed: the first, and the longest; doubled in between, forgotten after `healthyMs`
   * without a crash.
   */
  backoffFirstMs: number;
  backoffMaxMs: number;
  /**
   * The longest pause after the crash of an instance that was ready; the first has none. Requests wait for its end: one
   * request that crashes an app must not refuse those of others.
   */
  backoffReadyMaxMs: number;
  healthyMs: number;
  /** Requests wait for the end of a pause up to this length; with a longer one they fail at once. */
  backoffWaitMs: number;
  tuning: FunctionTuning;
}>;

export const DEFAULT_HOST_SETTINGS: FunctionHostSettings = {
  leaseMs: 5_000,
  graceMs: 2_000,
  startTimeoutMs: 30_000,
  maxInstances: 64,
  cores: 1,
  targetConcurrencyPerCore: 8,
  memoryMb: 32_768,
  projectShare: 0.5,
  admissionTimeoutMs: 10_000,
  cpus: 2,
  processes: 256,
  temporaryMb: 128,
  cacheMb: 2_048,
  reserveMb: 512,
  diskLookMs: 3_000,
  warmSandboxes: 32,
  prewarmMax: 64,
  prewarmTtlMs: 3_600_000,
  prewarmCheckMs: 5_000,
  allowedCidrs: [],
  linesPerSecond: 1_000,
  logBytesPerSecond: 1_048_576,
  backoffFirstMs: 1_000,
  backoffMaxMs: 30_000,
  backoffReadyMaxMs: 2_000,
  healthyMs: 60_000,
  backoffWaitMs: 2_000,
  tuning: ALL_TUNED,
};
