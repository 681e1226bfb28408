/** The environment of the process that this runtime was started in: the one place of the runtime that reads it. */
// eslint-disable-next-line node/no-process-env
export const environment = process.env;

/**
 * Returns milliseconds since the epoch. Not `Date.now`: Next counts a call of that during a render as reading the
 * clock.
 */
export const now = (): number => performance.timeOrigin + performance.now();

/** Parses a URL as `URL.parse` does, which came with Node 22. Returns undefined for an invalid one. */
export function parseUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
