import { errorWithPlace } from './error-line.ts';
import { importFix } from './import-fix.ts';
import { group, type Found, type Shape } from './shape.ts';
import { MODULE_SHAPES } from './shapes-modules.ts';

/** Node.js itself, and the shell around it. */
export const NODE_SHAPES: readonly Shape[] = [
  ...MODULE_SHAPES,
  {
    name: 'script-line-ends',
    line: /^(?:\/usr\/bin\/)?env: .{0,4}(?:bash|sh|node|python3?)\\r.{0,4}: No such file|\^M: bad interpreter: |\$'\\r': command not found/,
    fix: () => LINE_ENDS_FIX,
  },
  {
    name: 'node-module',
    line: /Error(?: \[ERR_MODULE_NOT_FOUND\])?: Cannot find (?:module|package) '([^']{1,300})'/,
    cause: ({ lines, at, match }) => [
      `Cannot find ${(lines[at] ?? '').includes('package') ? 'package' : 'module'} '${match[1] ?? ''}'${importedFrom(lines, at)}`,
    ],
    fix: (found) => extensionFix(found) ?? importFix(group(found)),
  },
  {
    name: 'bun-module',
    line: /^error: Cannot find (?:module|package) ["']([^"']{1,300})["'] from/,
    fix: (found) => importFix(group(found)),
  },
  {
    name: 'node-syntax',
    line: /^SyntaxError: /,
    cause: ({ lines, at }) => [...errorWithPlace(lines, at).slice(0, 1), ...sourceAbove(lines, at)],
    fix: ({ lines, at }) =>
      lines.slice(Math.max(0, at - 6), at).some((line) => /^<{7}(?: |$)/.test(line))
        ? 'Resolve the merge conflict in that file, commit it, and push again.'
        : 'Correct the syntax at the place named, and push again.',
  },
  {
    name: 'node-openssl',
    line: /error:0308010C:digital envelope routines::unsupported|ERR_OSSL_EVP_UNSUPPORTED/,
    fix: () =>
      'Update the bundler (webpack 4 does not run on this Node.js), or run `anchor env set NODE_OPTIONS=--openssl-legacy-provider --scope build --plain` and then `anchor redeploy`.',
  },
  {
    name: 'port-taken',
    only: 'build',
    line: /listen EADDRINUSE/,
    fix: () => 'Do not start a server while building; the start command does that after the build.',
  },
  {
    name: 'service-refused',
    only: 'run',
    line: /connect ECONNREFUSED (?:127\.0\.0\.1|::1|0\.0\.0\.0|localhost):(5432|3306|6379|27017|1433|5672|9092|9200|11211)\b/,
    fix: (found) =>
      `Set the variable of its address with \`anchor env set\` and run \`anchor redeploy\`: inside a function, localhost is the function itself, where no ${SERVICES[group(found)] ?? 'server'} runs (docs/configuration.md).`,
  },
  {
    name: 'address-undefined',
    line: /^TypeError(?: \[ERR_INVALID_URL\])?: Invalid URL$/,
    unless: ({ lines, at }) =>
      !lines.slice(at, at + 25).some((line) => /^\s*input: '(?:undefined.{0,200})?',?$/.test(line)),
    cause: ({ lines, at }) => [
      `${errorWithPlace(lines, at)[0] ?? ''}: it is built from a value that is undefined or empty`,
    ],
    fix: () => 'Set the variable that the code reads there with `anchor env set`, then run `anchor redeploy`.',
  },
  {
    name: 'command-missing',
    line: /^(?:sh|\/bin\/sh|bash)?:? ?(?:line )?(?:\d{1,5}: )?([\w@./-]{1,100}): (?:command )?not found$|^error: (?:could not find|command not found:) ["`']?([\w@./-]{1,100})/,
    fix: (found) =>
      scriptFix(found.match[1] ?? found.match[2] ?? '') ??
      `Add the package that brings ${found.match[1] ?? found.match[2] ?? 'the command'} to package.json, commit the lock file, and push again.`,
  },
  {
    name: 'permission',
    line: /(?:sh|bash): .{0,60}?(\S{1,200}): Permission denied$/,
    fix: (found) =>
      `Make the file executable and commit that: git update-index --chmod=+x ${group(found).replace(/^\.\//, '')}.`,
  },
  {
    name: 'file-missing',
    line: /^(?:cp|mv|cat|ls|rm|cd|sh|bash|tar|sed)(?:: \d{1,5})?: .{1,300}: No such file or directory$/,
    fix: () => 'Check that the file is committed and spelled as on disk: upper and lower case letters differ on Linux.',
  },
  {
    name: 'killed',
    only: 'build',
    line: /^(?:sh: .{0,200})?(?:\d{1,7} )?Killed(?: {2,}.{0,200})?$/,
    fix: () => 'Use less memory while building: fewer workers, no source maps; or raise the memory limit of builds.',
  },
];

const LINE_ENDS_FIX =
  'Commit the script with the line ends of Unix: echo "*.sh text eol=lf" >> .gitattributes && git add --renormalize . && git commit -m "line ends"';

/** Returns the fix for a script of the project that is not found: it is not committed, or its first line is not. */
const scriptFix = (command: string): string | undefined =>
  /^\.{0,2}\/|\.(?:sh|bash)$/.test(command)
    ? `Check that ${command} is committed and that its first line names a program; a script with the line ends of Windows is "not found", too: echo "*.sh text eol=lf" >> .gitattributes && git add --renormalize .`
    : undefined;

/** Databases and caches by their ports: what refuses a connection there is none of the application's own servers. */
const SERVICES: Readonly<Record<string, string>> = {
  '5432': 'Postgres',
  '3306': 'MySQL',
  '6379': 'Redis',
  '27017': 'MongoDB',
  '1433': 'SQL Server',
  '5672': 'RabbitMQ',
  '9092': 'Kafka',
  '9200': 'Elasticsearch',
  '11211': 'Memcached',
};

/** Names the file that an ES module must be imported by: Node completes no extension and no folder there. */
function extensionFix({ lines, at, match }: Found): string | undefined {
  const path = (match[1] ?? '').replace(/^\/app\//, '');
  if (!/\.m?js$/.test(/imported from (\S{1,300})$/.exec(lines[at] ?? '')?.[1] ?? '') || /\.\w{1,5}$/.test(path))
    return undefined;
  return /^(?:\/|\.{1,2}\/|(?:dist|build|out|lib|src)\/)/.test(path)
    ? `Write the extension in the import, as in "./${path.split('/').at(-1) ?? ''}.js": Node.js completes none in ES modules. "module": "nodenext" in tsconfig.json checks it; a bundler such as esbuild or tsup does without.`
    : undefined;
}

function importedFrom(lines: readonly string[], at: number): string {
  const direct = /imported from (\S{1,300})$/.exec(lines[at] ?? '')?.[1];
  const stack = lines
    .slice(at + 1, at + 3)
    .join('\n')
    .match(/^Require stack:\n- (\S{1,300})/)?.[1];
  const from = direct ?? stack;
  return from === undefined ? '' : `, imported from ${from.replace(/^(?:file:\/\/)?\/app\//, '')}`;
}

/** Returns "/app/build.js:1" and the line of code, which Node prints above a syntax error. */
function sourceAbove(lines: readonly string[], at: number): readonly string[] {
  const start = lines
    .slice(Math.max(0, at - 6), at)
    .findIndex((line) => /^(?:file:\/\/)?\/\S{1,300}:\d{1,7}$/.test(line));
  if (start === -1) return [];
  const index = Math.max(0, at - 6) + start;
  return [`  ${(lines[index] ?? '').replace(/^(?:file:\/\/)?\/app\//, '')}: ${(lines[index + 1] ?? '').trim()}`];
}
