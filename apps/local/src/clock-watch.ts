import { LAST_SEEN } from '@anchor/core/ports/facts.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';

const DAY = 86_400_000;
/** A platform that was off, or a clock that was set, for longer than this: what is removed by age waits. */
const JUMP_MS = 30 * DAY;
/** A jumped clock counts as right after this time (ms). */
const ACCEPT_MS = DAY;
const TICK_MS = 10 * 60_000;

export type ClockWatch = Readonly<{
  /** Returns a warning about a clock that is far ahead of the platform's last run; undefined while it is plausible. */
  jump(): Promise<string | undefined>;
  /** Takes the clock for right from now on. */
  accept(): Promise<void>;
}>;

/** Remembers when the platform last ran, so that a clock that is months ahead does not age every record at once. */
export function clockWatch(
  { facts, clock }: Pick<Ports, 'facts' | 'clock'>,
  uptime: () => number = () => performance.now(),
): ClockWatch & Readonly<{ tick(): Promise<void> }> {
  let since: number | undefined;
  const watch = {
    async jump() {
      const last = Number(await facts.get(LAST_SEEN));
      const jumpMs = clock.now() - last;
      if (!Number.isFinite(jumpMs) || last === 0 || jumpMs < JUMP_MS) return undefined;
      return `it is ${Math.floor(jumpMs / DAY)} days ahead of ${new Date(last).toISOString()}, when the platform last ran`;
    },
    async accept() {
      since = undefined;
      await facts.set(LAST_SEEN, String(clock.now()));
    },
    async tick() {
      if ((await watch.jump()) === undefined) return watch.accept();
      since ??= uptime();
      if (uptime() - since >= ACCEPT_MS) await watch.accept();
    },
  };
  const tick = (): void => void watch.tick().catch(() => undefined);
  tick();
  setInterval(tick, TICK_MS).unref();
  return watch;
}
