const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A CA's clock is right to the second. Less than this harms no certificate. */
const TOLERANCE_MS = 10 * MINUTE;

/** Returns what to say of a clock that is ahead of that of the CA by `skewMs`; undefined while it is about right. */
export function clockWarning(skewMs: number): Readonly<{ message: string; fix: string }> | undefined {
  if (Math.abs(skewMs) < TOLERANCE_MS) return undefined;
  const side = skewMs > 0 ? 'ahead of' : 'behind';
  return {
    message: `The clock of this server is ${durationOf(Math.abs(skewMs))} ${side} that of the CA`,
    fix: 'Set the clock of the server: sudo timedatectl set-ntp true',
  };
}

function durationOf(ms: number): string {
  const [unit, name] = ms >= 2 * DAY ? [DAY, 'days'] : ms >= 2 * HOUR ? [HOUR, 'hours'] : [MINUTE, 'minutes'];
  return `${Math.round(ms / unit)} ${name}`;
}
