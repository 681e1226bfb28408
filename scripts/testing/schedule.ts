/** Test files in the order in which they run: `together` three at a time, the longest first, then `alone` one by one. */
export type Schedule = Readonly<{ together: readonly string[]; alone: readonly string[] }>;

const TIME = 'compares with the lifetime of pages, or with deadlines of the platform';
const LOAD = 'loads the machine, or measures what its load does';

/** Files that run alone after the others, and why. A file that is not named must not depend on how fast others run. */
export const ALONE: Readonly<Record<string, string>> = {
  'e2e/browser.test.ts': TIME,
  'e2e/full-disk.test.ts': LOAD,
  'e2e/hostile.test.ts': LOAD,
  'e2e/kill.test.ts': TIME,
  'e2e/operations.test.ts': TIME,
  'e2e/supervisor.test.ts': TIME,
  'e2e/next/caching-components.test.ts': TIME,
  'e2e/next/caching-isr.test.ts': TIME,
};

/** Seconds of the longest files, measured in December 2026 on two cores: the order needs no more than their ranks. */
export const SECONDS: Readonly<Record<string, number>> = {
  'e2e/next/versions.test.ts': 371,
  'e2e/next/workspaces.test.ts': 268,
  'e2e/next/app-router-browser.test.ts': 244,
  'e2e/templates.test.ts': 158,
  'e2e/next/prewarmed.test.ts': 126,
  'e2e/next/matrix-together.test.ts': 121,
  'e2e/next/assets.test.ts': 104,
  'e2e/servers.test.ts': 92,
  'e2e/next/matrix-locales.test.ts': 92,
  'e2e/next/matrix.test.ts': 86,
  'e2e/next/pages-router.test.ts': 86,
  'e2e/next/images.test.ts': 80,
  'e2e/domains.test.ts': 77,
  'e2e/next/app-router-differential.test.ts': 77,
  'e2e/next/both-routers.test.ts': 77,
  'e2e/next/i18n.test.ts': 77,
  'e2e/next/continuity.test.ts': 73,
};
const SECONDS_OF_OTHERS = 40;

export function schedule(files: readonly string[]): Schedule {
  const seconds = (file: string): number => SECONDS[file] ?? SECONDS_OF_OTHERS;
  return {
    together: files.filter((file) => !Object.hasOwn(ALONE, file)).sort((a, b) => seconds(b) - seconds(a)),
    alone: files.filter((file) => Object.hasOwn(ALONE, file)),
  };
}
