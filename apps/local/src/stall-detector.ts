/**
 * The main thread of a process: its state as in /proc/<pid>/stat (R, S, D, T, t, Z), its processor time, and its
 * numbers of reads and writes. Undefined where the kernel does not count these.
 */
export type Vital = Readonly<{ state: string; cpuMs: number; calls?: number | undefined }>;

export type StallLimits = Readonly<{
  /** Without a beat for this long, the process is suspected. */
  silentMs: number;
  /** Processor time used meanwhile from which on it is blocked by work, and not kept from its processor by others. */
  cpuMs: number;
  /** Asleep without a beat for this long, it waits for something that does not come. */
  asleepMs: number;
}>;

export type Verdict = Readonly<{ kind: 'stalled' | 'notice'; reason: string }>;

/** How often a process beats, and how often the supervisor looks. */
export const BEAT_MS = 500;
export const EDGE_LIMITS: StallLimits = { silentMs: 2_000, cpuMs: 800, asleepMs: 5_000 };
/** A request to the control plane may take seconds; functions end with their host, so it is restarted late. */
export const CONTROL_LIMITS: StallLimits = { silentMs: 30_000, cpuMs: 15_000, asleepMs: 60_000 };

/** A beat is late from here on: what the processor time is measured from. */
const LATE_MS = BEAT_MS + 100;
/**
 * A thread that reads and writes this often, and as often in each second of processor time, handles one event after the
 * other. With thousands of active connections an event loop comes to its timers, and so to its beat, only after
 * seconds.
 */
const [EVENTS, EVENTS_PER_SECOND] = [50, 100];
/** Between two looks that are further apart, the supervisor itself did not run: suspended, stopped, or starved. */
const AWAY_MS = 2_000;

/**
 * Distinguishes a blocked event loop from one that gets no processor. A process that beats late on a loaded machine
 * uses little processor time meanwhile. One that is blocked by work uses it all, and a stopped one uses none but has
 * that state. One that is traced (a debugger) or waits for a disk is left alone: killing it would not help.
 */
export class StallDetector {
  readonly #limits: StallLimits;
  #lastBeat: number | undefined;
  #lastLook = Number.NaN;
  #base: Vital | undefined;
  #asleepSince: number | undefined;
  #noticed = false;

  constructor(limits: StallLimits) {
    this.#limits = limits;
  }

  /** Notes a beat at `now` (monotonic, ms). Without a first one nothing is judged: a start may take long. */
  beat(now: number): void {
    this.#lastBeat = now;
    this.#base = undefined;
    this.#asleepSince = undefined;
    this.#noticed = false;
  }

  /** Checks the process, at most every `BEAT_MS`. `read` is called only while a beat is late. */
  look(now: number, read: () => Vital | undefined): Verdict | undefined {
    const away = now - this.#lastLook > AWAY_MS;
    this.#lastLook = now;
    if (this.#lastBeat === undefined) return undefined;
    // Beats that came meanwhile may not have been read yet.
    if (away) this.beat(now);
    const silent = now - this.#lastBeat;
    if (silent < LATE_MS) return undefined;
    const vital = read();
    if (vital === undefined) return undefined;
    this.#base ??= vital;
    const used = vital.cpuMs - this.#base.cpuMs;
    const events = (vital.calls ?? 0) - (this.#base.calls ?? 0);
    if (events >= Math.max(EVENTS, (EVENTS_PER_SECOND * used) / 1_000)) {
      this.beat(now);
      return undefined;
    }
    if (vital.state !== 'S') this.#asleepSince = undefined;
    else this.#asleepSince ??= now;
    if (silent < this.#limits.silentMs) return undefined;
    const time = `${(silent / 1000).toFixed(1)} s`;
    if (used >= this.#limits.cpuMs)
      return {
        kind: 'stalled',
        reason: `its event loop did not turn for ${time}, of which it used the processor for ${(used / 1000).toFixed(1)} s`,
      };
    if (vital.state === 'T') return { kind: 'stalled', reason: `it was stopped (SIGSTOP) for ${time}` };
    if (this.#asleepSince !== undefined && now - this.#asleepSince >= this.#limits.asleepMs)
      return { kind: 'stalled', reason: `it waited for ${time} without turning its event loop` };
    if (this.#noticed || silent < this.#limits.asleepMs || vital.state === 'S') return undefined;
    this.#noticed = true;
    return {
      kind: 'notice',
      reason: `it did not turn its event loop for ${time} and is left alone: ${WHY[vital.state] ?? 'the machine gives it no processor'}`,
    };
  }
}

const WHY: Readonly<Record<string, string>> = { D: 'it waits for a disk', t: 'a debugger holds it' };
