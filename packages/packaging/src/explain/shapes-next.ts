import { ERROR_LINE, errorWithPlace, WRAPPER } from './error-line.ts';
import { FILE_LINE, codeFix, importFix, missingImport } from './import-fix.ts';
import { browserFix } from './browser-fix.ts';
import { isTelling } from './lines.ts';
import { alike, following, group, isWarning, under, type Found, type Shape } from './shape.ts';

const EMPTY = /^/.exec('') as RegExpExecArray;

/** Returns the error that comes before or after a line of Next.js that names a page, with that line. */
function besideError({ lines, at }: Found): readonly string[] {
  const own = lines[at]?.replace(/\. Read more: \S{1,200}$/, '') ?? '';
  const next = lines.slice(at + 1, at + 4).findIndex((line) => ERROR_LINE.test(line));
  // A long stack may come between the two.
  const nested = lines.slice(at + 1, at + 8).findIndex((line) => /^\s*\[cause\]: \w/.test(line));
  if (next === -1 && nested !== -1) return [own, ...errorWithPlace(lines, at + 1 + nested)];
  const index =
    next !== -1
      ? at + 1 + next
      : lines.slice(0, at).findLastIndex((line) => ERROR_LINE.test(line) && !WRAPPER.test(line));
  return index === -1 ? [own] : [own, ...errorWithPlace(lines, index)];
}

/** Next.js 13 to 16, with Turbopack and webpack. */
export const NEXT_SHAPES: readonly Shape[] = [
  {
    name: 'font-fetch',
    line: /Failed to fetch (?:font )?[`'"][^`'"]{1,100}[`'"]|Failed to fetch .{1,100} from Google Fonts/,
    // The tool retries by itself.
    unless: ({ lines, at }) => lines.slice(at + 1, at + 3).some((line) => /Retrying \d/.test(line)),
    fix: () =>
      'Run `anchor redeploy`: the font could not be fetched just now; `next/font/local` with the font file in the repository needs no network.',
  },
  {
    name: 'next-suspense',
    line: /^⨯ \S{1,60}\(\) should be wrapped in a suspense boundary at page/,
    cause: ({ lines, at }) => [(lines[at] ?? '').replace(/^⨯ |\. Read more: \S{1,200}$/g, '')],
    fix: () => 'Wrap the component that reads the query in <Suspense>, and push again.',
  },
  {
    name: 'next-client-only',
    line: /You're importing a (?:module|component) that (?:depends on|needs) /,
    cause: under(FILE_LINE),
    fix: () => "Put 'use client' at the top of the file, or move the hook into a component that has it.",
  },
  {
    name: 'next-no-pages',
    line: /Couldn't find any `pages` or `app` directory/,
    fix: () => 'Name the folder that holds the app: anchor projects update --root <folder>.',
  },
  {
    name: 'next-webpack-config',
    line: /This build is using Turbopack, with a `webpack` config/,
    cause: ({ lines, at }) => [(lines[at] ?? '').replace(/^⨯ ERROR: /, '')],
    fix: () =>
      'Build with webpack: write "build": "next build --webpack" into package.json, or move the configuration to turbopack.',
  },
  {
    name: 'next-config',
    line: /^⨯ Failed to load next\.config/,
    cause: ({ lines, at }) => [
      (lines[at] ?? '').replace(/^⨯ |, see more info.{0,200}$/g, ''),
      ...lines
        .slice(at + 1, at + 8)
        .filter((line) => ERROR_LINE.test(line))
        .slice(0, 1),
    ],
    fix: ({ lines, at }) => missingImport(lines.slice(at, at + 8)) ?? codeFix(),
  },
  {
    name: 'next-export-params',
    line: /Page "[^"]{1,200}" is missing (?:param .{1,200} in )?"generateStaticParams\(\)"/,
    fix: () =>
      "Export generateStaticParams() from the page, or remove output: 'export' so that the page is rendered on request.",
  },
  {
    name: 'module-not-found',
    line: /Module not found: (?:Error: )?Can't resolve '([^']{1,300})'/,
    unless: isWarning,
    cause: under(new RegExp(`${FILE_LINE.source}|^ERROR in \\S`)),
    fix: (found) => importFix(group(found)),
  },
  {
    name: 'next-type-error',
    line: /^Type error: /,
    cause: ({ lines, at }) => [
      ...under(FILE_LINE)({ lines, at, match: EMPTY }).slice(0, -1),
      ...following(4, /^\s*$|^\s*>?\s*\d{1,6} \|/)({ lines, at, match: EMPTY }),
    ],
    fix: codeFix,
  },
  {
    name: 'next-lint',
    line: /^\d{1,6}:\d{1,6} {1,4}Error: /,
    cause: (found) => [...under(FILE_LINE)(found).slice(0, -1), ...alike(/^\d{1,6}:\d{1,6} {1,4}Error: /)(found)],
    fix: () =>
      'Correct what the linter names, or run it outside the build with eslint: { ignoreDuringBuilds: true } in next.config.',
  },
  {
    name: 'next-collect',
    line: /^(?:Error: |\[Error: |> Build error occurred.{0,20})?Failed to collect (?:page data|configuration) for /,
    cause: (found) =>
      besideError(found)
        .toReversed()
        .map((line) => line.replace(/^\[?Error: (Failed to collect [^\]]{1,200})\]?.{0,60}$/, '$1')),
    fix: ({ lines, at }) => missingImport(lines.slice(Math.max(0, at - 30), at + 3)),
  },
  {
    name: 'next-blocking-prerender',
    line: /^(?:Error: )?Route "[^"]{1,200}": .{0,80}(?:uncached (?:or runtime )?data|Uncached data was accessed outside of <Suspense>|A component accessed data, headers, params)/,
    fix: () =>
      'Wrap the component that reads the data in <Suspense>, or cache what it reads with "use cache", and push again: cacheComponents is on, so every page is prerendered.',
  },
  {
    name: 'next-handlers',
    line: /Event handlers cannot be passed to Client Component props/,
    cause: (found) => [
      ...under(/^Error occurred prerendering page "/)(found)
        .slice(0, -1)
        .map((line) => line.replace(/\. Read more: \S{1,200}$/, '')),
      found.lines[found.at] ?? '',
      ...found.lines.slice(found.at + 1, found.at + 2).filter((line) => /^\s*</.test(line)),
    ],
    fix: () =>
      "Put 'use client' at the top of the file with the handler, or move the element into a component that has it, and push again.",
  },
  {
    name: 'next-file-names',
    line: /^\s*(?:⨯ )?(?:Error: )?(?:Both middleware file |You cannot use different slug names for the same dynamic path|Conflicting (?:public and page file|app and page file|paths returned)|You cannot define a route with the same specificity|Cannot have both )/,
    cause: ({ lines, at }) => [
      (lines[at] ?? '').replace(/^\s*⨯ /, '').replace(/\.? (?:Learn more: )?https:\S{1,200}$/, ''),
      ...lines
        .slice(at + 1, at + 4)
        .filter((line) => /^\s*"?\/?[\w[\]().-]+(?:\/[\w[\]().-]+)*"?(?: - ".*)?$/.test(line)),
    ],
    fix: () =>
      'Rename or remove one of the files that stand for the same address, check with `next build`, and push again.',
  },
  {
    name: 'next-swc',
    line: /Failed to load SWC binary for linux\/(\w{1,10})/,
    cause: ({ match }) => [match[0]],
    fix: () =>
      'Remove the lock file and node_modules, run the install again locally, commit the lock file, and push again: it was written on another system and lacks the compiler for Linux.',
  },
  {
    name: 'next-worker-killed',
    only: 'build',
    line: /build worker exited with code: null and signal: SIGKILL/,
    fix: () =>
      'Use less memory while building: fewer workers (experimental: { cpus: 1 }), no source maps; or raise the memory limit of builds.',
  },
  {
    name: 'next-prerender',
    line: /^Error occurred prerendering page "/,
    cause: besideError,
    fix: ({ lines, at }) =>
      browserFix(lines.slice(at, at + 8)) ??
      "Look for the page's data while it is built: what it reads must exist then, or the page must be rendered on request (export const dynamic = 'force-dynamic').",
  },
  {
    name: 'turbopack',
    line: /^(?:Error: )?Turbopack build failed with \d{1,5} errors?:/,
    cause: ({ lines, at }) =>
      lines
        .slice(at + 1, at + 12)
        .filter((line) => isTelling(line) && !/^\s*>?\s*\d{0,6} \|/.test(line))
        .slice(0, 3),
    fix: codeFix,
  },
];
