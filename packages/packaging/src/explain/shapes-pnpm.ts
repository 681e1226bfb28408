import {
  LOCK_FIX,
  TOKEN_FIX,
  HOST_FIX,
  AGAIN_FIX,
  NODE_FIX,
  nameFix,
  versionFix,
  named,
  scriptFix,
} from './install-fixes.ts';
import { following, type Found, type Shape } from './shape.ts';

/**
 * Returns the deepest cause as one line: pnpm 12 prints "Error: CODE" and then a tree of causes, wrapped at 80 columns.
 */
function deepest({ lines, at }: Found): string | undefined {
  const more = lines.slice(at, at + 30);
  const start = more.findLastIndex((line) => /^\s*╰─▶ /.test(line));
  if (start === -1) return undefined;
  const end = more.findIndex((line, index) => index > start && (line.trim() === '' || /^ {2}help: /.test(line)));
  return more
    .slice(start, end === -1 ? undefined : end)
    .map((line) => line.replace(/^\s*╰─▶ |^\s+/, ''))
    .reduce((text, line) => (/[-/]$/.test(text) ? `${text}${line}` : `${text} ${line}`));
}

/** Returns the lines of an error of pnpm, with the matching lines below it. */
const pnpmLines =
  (below?: RegExp, count = 3) =>
  (found: Found): readonly string[] => {
    const { lines, at } = found;
    const cause = deepest(found);
    const code = /ERR_PNPM_\w+/.exec(lines[at] ?? '')?.[0];
    const own = cause === undefined ? (lines[at] ?? '') : `${code === undefined ? '' : `${code} `}${cause}`;
    return [
      own,
      ...(below === undefined
        ? []
        : lines
            .slice(at + 1, at + 30)
            .filter((line) => below.test(line))
            .slice(0, count)
            .map((line) => `  ${line.replace(/^ {2}help: /, '').trim()}`)),
    ];
  };

/** Returns the package that an error of pnpm names, in its text or in the lines below it. */
const pnpmName =
  (pattern: RegExp) =>
  (found: Found): string =>
    pattern.exec(deepest(found) ?? '')?.[1] ?? named(pattern)(found);

/** Installs by pnpm, to version 12. */
export const PNPM_SHAPES: readonly Shape[] = [
  {
    name: 'pnpm-lock-out-of-date',
    line: /ERR_PNPM_(?:OUTDATED_LOCKFILE|FROZEN_LOCKFILE_WITH_OUTDATED_LOCKFILE|NO_LOCKFILE|LOCKFILE_CONFIG_MISMATCH|LOCKFILE_BREAKING_CHANGE)/,
    cause: pnpmLines(/^\s+- |^\s*\* \d/, 4),
    fix: () => LOCK_FIX('pnpm install', 'pnpm-lock.yaml'),
  },
  { name: 'pnpm-token', line: /ERR_PNPM_FETCH_40[13]/, cause: pnpmLines(), fix: () => TOKEN_FIX },
  {
    name: 'pnpm-package-missing',
    line: /ERR_PNPM_FETCH_404/,
    cause: pnpmLines(/is not in the npm registry/),
    fix: (found) => nameFix(named(/^(?: {2}help: )?((?:@[\w.-]{1,100}\/)?[\w.-]{1,100}) is not in/)(found)),
  },
  { name: 'pnpm-registry-down', line: /ERR_PNPM_FETCH_(?:5\d\d|429)/, cause: pnpmLines(), fix: () => AGAIN_FIX },
  {
    name: 'pnpm-version-missing',
    line: /ERR_PNPM_NO_MATCHING_VERSION/,
    cause: pnpmLines(/The latest release/),
    fix: (found) => versionFix(pnpmName(/found for (\S{1,200})/)(found)),
  },
  {
    name: 'pnpm-peer-conflict',
    line: /ERR_PNPM_PEER_DEP_ISSUES/,
    cause: ({ lines, at }) => [
      lines[at] ?? '',
      ...lines
        .slice(at + 1, at + 30)
        .filter((line) => line.includes('✕'))
        .slice(0, 4),
    ],
    fix: () =>
      'Align the versions that disagree, or set strictPeerDependencies: false in pnpm-workspace.yaml, and push again.',
  },
  {
    name: 'pnpm-engine',
    line: /ERR_PNPM_UNSUPPORTED_ENGINE/,
    cause: ({ lines, at }) =>
      lines.slice(at, at + 8).filter((line) => /ERR_PNPM|incompatible|Expected|Got:/.test(line)),
    fix: () => NODE_FIX,
  },
  {
    name: 'pnpm-workspace-missing',
    line: /ERR_PNPM_WORKSPACE_PKG_NOT_FOUND/,
    cause: pnpmLines(),
    fix: () => 'Check that the package is in the repository and that its folder is listed in pnpm-workspace.yaml.',
  },
  {
    name: 'pnpm-ignored-builds',
    line: /ERR_PNPM_IGNORED_BUILDS/,
    cause: pnpmLines(),
    fix: () => 'Run `pnpm approve-builds` locally, commit what it changed, and push again.',
  },
  {
    name: 'pnpm-catalog',
    line: /ERR_PNPM_CATALOG_ENTRY_\w+/,
    cause: pnpmLines(),
    fix: () =>
      'Add the entry to the catalog in pnpm-workspace.yaml, run `pnpm install` locally, and commit both files.',
  },
  {
    name: 'pnpm-patch',
    line: /ERR_PNPM_(?:PATCH_FAILED|UNUSED_PATCH|PATCH_NOT_APPLIED|PATCH_FILE_NOT_FOUND)/,
    cause: pnpmLines(),
    fix: () =>
      'Make the patch again for the installed version (`pnpm patch <package>`), or remove it from patchedDependencies, and commit the lock file.',
  },
  {
    name: 'pnpm-own-version',
    line: /ERR_PNPM_BAD_PM_VERSION/,
    cause: pnpmLines(),
    fix: () =>
      'Name one version of pnpm in package.json, such as "packageManager": "pnpm@10.33.0", and remove the others (engines.pnpm, devEngines).',
  },
  {
    name: 'pnpm-too-new',
    line: /ERR_PNPM_NO_MATURE_MATCHING_VERSION/,
    cause: pnpmLines(),
    fix: () =>
      'Choose a version that is older, or list the package under minimumReleaseAgeExclude in pnpm-workspace.yaml, and push again.',
  },
  { name: 'pnpm-host', line: /ERR_PNPM_META_FETCH_FAIL|ERR_PNPM_(?:ENOTFOUND|ECONN)/, fix: () => HOST_FIX },
  {
    name: 'pnpm-script-missing',
    line: /ERR_PNPM_NO_SCRIPT .{0,60}Missing script: \S/,
    fix: (found) => scriptFix(found),
  },
  {
    name: 'pnpm-12-workspace-missing',
    line: /^Error:\s{1,4}× installing dependencies/,
    cause: pnpmLines(),
    fix: (found) =>
      /is present in the workspace/.test(deepest(found) ?? '')
        ? 'Check that the package is in the repository and that its folder is listed in pnpm-workspace.yaml.'
        : undefined,
  },
  { name: 'pnpm-12-other', line: /^Error: ERR_PNPM_(?!RECURSIVE|LIFECYCLE)[A-Z0-9_]{1,60}$/, cause: pnpmLines() },
  {
    name: 'pnpm-other',
    line: /^\s?ERR_PNPM_(?!RECURSIVE|LIFECYCLE)[A-Z0-9_]{1,60} {1,4}\S/,
    cause: following(3, /^\s*$/),
  },
];
