import { LOCK_FIX, HOST_FIX, NODE_FIX, nameFix, versionFix, scriptFix } from './install-fixes.ts';
import type { Shape } from './shape.ts';

/** Returns a line of Yarn without its code. */
const bare = (line: string | undefined): string => (line ?? '').replace(/^(?:➤ YN\d{4}: (?:[│|] ?)?|error )/, '');

/** Installs by Yarn 1 to 4. */
export const YARN_SHAPES: readonly Shape[] = [
  {
    name: 'yarn-lock-out-of-date',
    line: /Your lockfile needs to be updated, but yarn was run with|The lockfile would have been (?:modified|created) by this install/,
    cause: ({ match, lines, at }) => [
      (lines[at] ?? '').replace(/^(?:error|➤ YN\d{4}: [│|]?) ?/, '') || match[0],
      ...lines
        .slice(0, at)
        .filter((line) => /^➤ YN0085: [│|] [+-] /.test(line))
        .map((line) => line.slice('➤ YN0085: │ '.length))
        .slice(0, 3),
    ],
    fix: () => LOCK_FIX('yarn install', 'yarn.lock'),
  },
  {
    name: 'yarn-package-missing',
    line: /^➤ YN0035: [│|] \S+: Package not found|^error (?:Error: )?(?:https?:\S{1,300}: Not found|An unexpected error occurred: ".{0,300}: Not found)/,
    cause: ({ lines, at }) => [
      bare(lines[at]),
      ...lines
        .slice(at + 1, at + 5)
        .filter((line) => /Request URL/.test(line))
        .map((line) => bare(line).trim()),
    ],
    fix: (found) =>
      nameFix(
        /((?:@[\w.-]{1,100}(?:\/|%2f))?[\w.-]{1,100})(?:@npm:|: Not found)/i
          .exec(bare(found.lines[found.at]))?.[1]
          ?.replace(/%2f/i, '/') ?? '',
      ),
  },
  {
    name: 'yarn-token',
    line: /^➤ YN0041: |^error .{0,300}(?:Unauthorized|authentication token)/,
    cause: ({ lines, at }) => [bare(lines[at])],
    fix: () =>
      'Put the registry\'s token into .yarnrc.yml as npmAuthToken: "${NPM_TOKEN}", set it with `anchor env set NPM_TOKEN --scope build`, then run `anchor redeploy`.',
  },
  {
    name: 'yarn-version-missing',
    line: /^error Couldn't find any versions for "[^"]{1,200}"|^➤ YN0082: |^➤ YN0016: /,
    cause: ({ lines, at }) => [bare(lines[at])],
    fix: (found) => versionFix(/"([^"]{1,200})"|(\S{1,200})@npm:/.exec(bare(found.lines[found.at]))?.[1] ?? ''),
  },
  {
    name: 'yarn-engine',
    line: /The engine "node" is incompatible/,
    cause: ({ lines, at }) => [bare(lines[at])],
    fix: () => NODE_FIX,
  },
  {
    name: 'yarn-workspace-missing',
    line: /Workspace not found/,
    cause: ({ lines, at }) => [bare(lines[at])],
    fix: () =>
      'Check that the package is in the repository and that its folder is listed under "workspaces" in package.json.',
  },
  {
    name: 'yarn-script-missing',
    line: /^(?:Usage Error: Couldn't find a script named "|error Command ")[^"]{1,80}"/,
    fix: (found) => scriptFix(found),
  },
  {
    name: 'yarn-build-failed',
    line: /^➤ YN0009: /,
    cause: ({ lines, at }) => [
      ...lines
        .slice(Math.max(0, at - 40), at)
        .filter((line) => line.trim() !== '' && !/^➤|^\s*at /.test(line))
        .slice(-3),
      bare(lines[at]),
    ],
  },
  {
    name: 'yarn-checksum',
    line: /^➤ YN0018: /,
    cause: ({ lines, at }) => [bare(lines[at])],
    fix: () =>
      'Run `YARN_CHECKSUM_BEHAVIOR=update yarn install` locally, check what changed, commit yarn.lock, and push again.',
  },
  {
    name: 'yarn-not-in-project',
    line: /doesn't seem to be part of the project declared in|This package doesn't seem to be present in your lockfile/,
    cause: ({ lines, at }) => [bare(lines[at]).replace(/^(?:Usage|Internal) Error: /, '')],
    fix: ({ lines, at }) =>
      (lines[at] ?? '').includes('present in your lockfile')
        ? LOCK_FIX('yarn install', 'yarn.lock')
        : 'List the folder under "workspaces" in the package.json of the root, run `yarn install` there, commit both files, and push again.',
  },
  {
    name: 'yarn-host',
    line: /^➤ YN0001: [│|] RequestError: |^error An unexpected error occurred: "https?:.{0,300}(?:TIMEDOUT|ECONN|ENOTFOUND|EAI_AGAIN)|^error .{0,200}There appears to be trouble with your network connection/,
    cause: ({ lines, at }) => [bare(lines[at])],
    fix: () => HOST_FIX,
  },
  {
    name: 'yarn-other',
    line: /^➤ YN00(?!00|07|13|19|85|60|86|02)\d\d: [│|] \S|^Usage Error: \S/,
    cause: ({ lines, at }) => [bare(lines[at])],
  },
];
