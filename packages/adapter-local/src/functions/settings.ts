/** What the function host may use of the machine, and its times. Milliseconds unless a name says otherwise. */
export type FunctionHostSettings = Readonly<{
  /** How long a caller may use upstreams after asking for them. */
  leaseMs: number;
  /** How much longer than the lease an instance is kept, for messages on their way. */
  graceMs: number;
  /** A function that does not accept connections within this time has failed to start. */
  startTimeoutMs: number;
  /** Instances of all projects together. */
  maxInstances: number;
  /** Cores of the machine: a Node process renders on one, so a busy function gets an instance for each before `concurrency` asks for more. */
  cores: number;
  /** Requests in flight from which one core counts as busy. */
  busyInflight: number;
  /** Sum of the memory limits of all instances together, in MiB. */
  memoryMb: number;
  /** How long a start waits for another function to make room. */
  roomTimeoutMs: number;
  /** Processor limit of one instance, in cores. */
  cpus: number;
  /** Process and thread limit of one instance. */
  processes: number;
  /** Size of an instance's private /tmp, in MiB; counts against its memory. */
  temporaryMb: number;
  /** What a deployment's functions may keep in their shared cache, in MiB, and how often the disk is looked at. */
  cacheMb: number;
  diskLookMs: number;
  /** Functions scaled to zero that keep an empty sandbox ready: no process, but a network namespace each. */
  standbys: number;
  /**
   * Next.js functions scaled to zero that keep a process as well, in which nothing of the application has run (about
   * 40 MB each): at most how many, in how much memory together (an eighth of what is available where nothing is set),
   * for how long each, and how often memory is looked at.
   */
  waiting: number;
  waitingMb?: number | undefined;
  waitingMs: number;
  waitingLookMs: number;
  /** Private networks that functions may reach, as CIDR blocks: databases on the same network. */
  allow: readonly string[];
  /** Output of one instance; what exceeds it is counted and noted, not kept. */
  linesPerSecond: number;
  /** Pause after a crash: the first, and the longest; doubled in between, forgotten after `healthyMs` without a crash. */
  backoffFirstMs: number;
  backoffMaxMs: number;
  healthyMs: number;
  /** Requests wait for the end of a pause that is not longer than this; otherwise they are told at once. */
  backoffWaitMs: number;
}>;

export const DEFAULT_HOST_SETTINGS: FunctionHostSettings = {
  leaseMs: 5_000, graceMs: 2_000, startTimeoutMs: 30_000, maxInstances: 64, cores: 1, busyInflight: 8, memoryMb: 32_768, roomTimeoutMs: 10_000,
  cpus: 2, processes: 256, temporaryMb: 128, cacheMb: 2_048, diskLookMs: 3_000,
  standbys: 32, waiting: 64, waitingMs: 3_600_000, waitingLookMs: 5_000, allow: [], linesPerSecond: 1_000,
  backoffFirstMs: 1_000, backoffMaxMs: 30_000, healthyMs: 60_000, backoffWaitMs: 2_000,
};
