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

/** Seconds of the longest files beside two others, measured in December 2026 on two cores: their ranks matter. */
export const SECONDS: Readonly<Record<string, number>> = {
  'e2e/next/versions.test.ts': 756,
  'e2e/next/workspaces.test.ts': 522,
  'e2e/templates.test.ts': 357,
  'e2e/next/app-router-browser.test.ts': 270,
  'e2e/next/prewarmed.test.ts': 203,
  'e2e/next/assets.test.ts': 193,
  'e2e/servers.test.ts': 190,
  'e2e/next/matrix-together.test.ts': 137,
  'e2e/next/continuity.test.ts': 135,
  'e2e/next/pages-router.test.ts': 126,
  'e2e/next/both-routers.test.ts': 117,
  'e2e/next/matrix.test.ts': 108,
  'e2e/next/matrix-locales.test.ts': 105,
  'e2e/next/app-router-differential.test.ts': 101,
  'e2e/next/export.test.ts': 89,
  'e2e/next/proxy.test.ts': 89,
  'e2e/next/images.test.ts': 85,
  'e2e/next/i18n.test.ts': 82,
  'e2e/up.test.ts': 81,
  'e2e/domains.test.ts': 76,
  'e2e/next/app-router.test.ts': 71,
};
const SECONDS_OF_OTHERS = 40;

export function schedule(files: readonly string[]): Schedule {
  const seconds = (file: string): number => SECONDS[file] ?? SECONDS_OF_OTHERS;
  return {
    together: files.filter((file) => !Object.hasOwn(ALONE, file)).sort((a, b) => seconds(b) - seconds(a)),
    alone: files.filter((file) => Object.hasOwn(ALONE, file)),
  };
}
