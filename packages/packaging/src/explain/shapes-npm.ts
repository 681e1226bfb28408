import {
  LOCK_FIX,
  TOKEN_FIX,
  HOST_FIX,
  AGAIN_FIX,
  NODE_FIX,
  nameFix,
  versionFix,
  peerFix,
  named,
  scriptFix,
} from './install-fixes.ts';
import type { Found, Shape } from './shape.ts';

/** Returns the lines of npm's error without its words "npm error …". */
const npmLines =
  (pattern: RegExp, count = 4) =>
  ({ lines, at }: Found): readonly string[] =>
    [
      ...new Set(
        lines
          .slice(at)
          .filter((line) => /^npm (?:error|ERR!) (?!code )/.test(line) && pattern.test(line))
          .map((line) =>
            line.replace(
              /^npm (?:error|ERR!) (?:notsup |notarget |network |enoent |engine |JSON\.parse |[45]\d\d )?\s*/,
              '',
            ),
          ),
      ),
    ].slice(0, count);

const NPM = '^npm (?:error|ERR!) code ';

/** Installs by npm, and what compiles native modules. */
export const NPM_SHAPES: readonly Shape[] = [
  {
    name: 'npm-lock-out-of-date',
    line: new RegExp(`${NPM}EUSAGE`),
    cause: npmLines(/in sync|Missing: |Invalid: |only install with an existing/, 6),
    fix: () => LOCK_FIX('npm install', 'package-lock.json'),
  },
  {
    name: 'npm-package-json',
    line: new RegExp(`${NPM}EJSONPARSE`),
    cause: npmLines(/Invalid package\.json|JSONParseError|Unexpected|JSON at position/, 2),
    fix: () => 'Correct the syntax of package.json (a comma too many is the usual reason), and push again.',
  },
  {
    name: 'npm-package-missing',
    line: new RegExp(`${NPM}E404`),
    cause: npmLines(/404 {1,2}Not Found|could not be found|is not in this registry/, 2),
    fix: (found) => nameFix(named(/'((?:@[\w.-]{1,100}\/)?[\w.-]{1,100})@/)(found)),
  },
  {
    name: 'npm-version-missing',
    line: new RegExp(`${NPM}ETARGET`),
    cause: npmLines(/No matching version/, 1),
    fix: (found) => versionFix(named(/found for (\S{1,200})\.?$/)(found).replace(/\.$/, '')),
  },
  {
    name: 'npm-peer-conflict',
    line: new RegExp(`${NPM}ERESOLVE`),
    cause: npmLines(/While resolving|Found: |^npm error (?:peer|peerOptional) |Conflicting peer/, 4),
    fix: () => peerFix,
  },
  {
    name: 'npm-token',
    line: new RegExp(`${NPM}(?:E401|ENEEDAUTH)`),
    cause: npmLines(/401 |Unauthorized|need auth|authenticat|Unable to/i, 2),
    fix: () => TOKEN_FIX,
  },
  {
    name: 'npm-forbidden',
    line: new RegExp(`${NPM}E403`),
    cause: npmLines(/Forbidden|- (?:GET|PUT)/, 1),
    fix: () => TOKEN_FIX,
  },
  {
    name: 'npm-registry-down',
    line: new RegExp(`${NPM}(?:E5\\d\\d|E429)`),
    cause: npmLines(/ - (?:GET|PUT) /, 1),
    fix: () => AGAIN_FIX,
  },
  {
    name: 'npm-host',
    line: new RegExp(
      `${NPM}(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH)`,
    ),
    cause: npmLines(/failed, reason|request to|while trying to fetch/, 1),
    fix: () => HOST_FIX,
  },
  {
    name: 'npm-integrity',
    line: new RegExp(`${NPM}EINTEGRITY`),
    cause: npmLines(/integrity checksum failed/, 1),
    fix: () =>
      "Remove the package's entry from package-lock.json, run `npm install` locally, commit the lock file, and push again.",
  },
  {
    name: 'npm-platform',
    line: new RegExp(`${NPM}EBADPLATFORM`),
    cause: npmLines(/Unsupported platform/, 1),
    fix: (found) => {
      const name = named(/platform for ((?:@[\w.-]{1,100}\/)?[\w.-]{1,100})@/)(found);
      return `Move ${name === '' ? 'the package' : name} to optionalDependencies or remove it from package.json, update the lock file, and push again: builds run on Linux.`;
    },
  },
  {
    name: 'npm-file',
    line: /^npm (?:error|ERR!) enoent Could not read package\.json: /,
    cause: npmLines(/Could not read package\.json/, 1),
    fix: () =>
      'Check that the folder which package.json names with "file:" or under "workspaces" is committed, and that the root directory of the project includes it: anchor projects update --root .',
  },
  {
    name: 'npm-lock-damaged',
    line: /^npm (?:error|ERR!) (?:Invalid Version: ?|Cannot read properties of (?:null|undefined) \(reading '(?:matches|edgesOut|package|isDescendantOf|extraneous)'\))$/,
    fix: () =>
      'Remove package-lock.json and node_modules, run `npm install` locally, commit the lock file, and push again: npm cannot read the one that is there.',
  },
  {
    name: 'npm-engine',
    line: new RegExp(`${NPM}EBADENGINE`),
    cause: npmLines(/Not compatible|Required|Actual/, 3),
    fix: () => NODE_FIX,
  },
  {
    name: 'npm-workspace-protocol',
    line: new RegExp(`${NPM}EUNSUPPORTEDPROTOCOL`),
    cause: npmLines(/Unsupported URL/, 1),
    fix: () =>
      'Name the package manager in package.json, such as "packageManager": "pnpm@10.33.0", and commit its lock file: npm does not know the workspace: protocol.',
  },
  {
    name: 'npm-script-missing',
    line: /^npm (?:error|ERR!) Missing script: "[^"]{1,80}"/i,
    cause: npmLines(/Missing script/i, 1),
    fix: (found) => scriptFix(found),
  },
  {
    name: 'npm-git',
    line: /^npm (?:error|ERR!) command git /,
    cause: ({ lines, at }) =>
      lines
        .slice(at, at + 8)
        .filter((line) => /command git|fatal:|ssh:|denied/.test(line))
        .map((line) => line.replace(/^npm (?:error|ERR!) (?:command )?/, ''))
        .slice(0, 3),
    fix: () =>
      'Name the dependency by an https address that the build can read, or publish it to a registry: a build has no SSH key.',
  },
  {
    name: 'native-module',
    line: /^(?:npm (?:error|ERR!) )?gyp ERR! (?:find Python|stack Error)|^gyp ERR! not ok/,
    cause: ({ lines, at }) =>
      lines
        .slice(at)
        .filter((line) => /gyp ERR! (?:find Python You need|stack Error: )/.test(line))
        .slice(0, 2),
    fix: () => 'Use a version of the package with prebuilt binaries for Linux: compiling it failed.',
  },
  {
    name: 'compiler',
    line: /: fatal error: .{1,200}: No such file or directory/,
    fix: () =>
      'Use a package with prebuilt binaries for Linux: the build machine lacks the headers to compile this one.',
  },
];
