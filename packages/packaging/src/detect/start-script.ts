import { posix } from 'node:path';
import { roleOfProgram, type ProgramRole } from './program-role.ts';
import { shellCommands, type ShellCommand } from './shell-commands.ts';
import { parseStartCommand, type StartCommand } from './start-command.ts';
import { programName, unwrapCommand, type ScriptPlace } from './unwrap-command.ts';

/**
 * The scripts of a package.json, by folder relative to the project. Undefined where there is none. `budget`: how many
 * characters of scripts are still read, for all that is resolved with it.
 */
export type Packages = Readonly<{
  scriptsAt(folder: string): Readonly<Record<string, string>> | undefined;
  folderOf(workspace: string): string | undefined;
  budget?: ScriptBudget;
}>;
type ScriptBudget = { left: number };
/**
 * Scripts that call each other ten times each take 10^8 steps for eight levels; those of a large monorepo have some
 * 4,000 characters.
 */
export const SCRIPT_BUDGET = 65_536;

/** The program that a start script finally runs. */
export type ResolvedStart = Readonly<{
  /** `none`: it only builds, installs or does nothing. */
  role: Exclude<ProgramRole, 'build' | 'install'> | 'none';
  /** The command to run, without the parts that the build runs already. */
  command: StartCommand;
  /** Leading commands that build, as shell text: part of the build where the project has none. */
  builds: readonly string[];
  /** Folder of the package whose script decides, relative to the project. */
  folder: string;
  /** The program that decides, such as `nest` or `node`. */
  program: string;
  /** A server of files: the folder that it shows, relative to the project. */
  files?: Readonly<{ directory: string; spa: boolean }>;
}>;

type Step = Readonly<{
  role: ProgramRole | 'none';
  text: string;
  command: StartCommand | undefined;
  builds: readonly string[];
  folder: string;
  program: string;
  operator: ShellCommand['operator'];
  files?: NonNullable<ResolvedStart['files']>;
}>;
const FILE_SERVERS = new Set([
  'serve',
  'http-server',
  'sirv',
  'sirv-cli',
  'local-web-server',
  'ws',
  'angular-http-server',
  'superstatic',
  'live-server',
]);
const MAX_DEPTH = 8;

/** Follows a start script through other scripts, wrappers and folders to the program that serves. */
export function resolveStart(script: string, given: Packages, folder = '', depth = 0): ResolvedStart {
  const budget = given.budget ?? { left: SCRIPT_BUDGET };
  const packages = given.budget === undefined ? { ...given, budget } : given;
  budget.left -= script.length + 1;
  const commands = budget.left < 0 ? undefined : shellCommands(script);
  const opaque: ResolvedStart = {
    role: 'server',
    command: placed(parseStartCommand(script), folder),
    builds: [],
    folder,
    program: '',
  };
  if (commands === undefined || depth > MAX_DEPTH) return opaque;
  if (commands.length === 0) return { ...opaque, role: 'none' };
  const steps: Step[] = [];
  let here = folder;
  for (const command of commands) {
    if (command.words[0] === 'cd' && command.words[1] !== undefined && command.plain) {
      here = join(here, command.words[1]);
      steps.push({
        role: 'none',
        text: command.text,
        command: undefined,
        builds: [],
        folder: here,
        program: 'cd',
        operator: command.operator,
      });
    } else if (command.operator === '|') {
      steps.push({
        role: 'none',
        text: command.text,
        command: undefined,
        builds: [],
        folder: here,
        program: programName(command.words[0] ?? ''),
        operator: '|',
      });
    } else steps.push(stepOf(command, packages, here, depth));
  }
  return joined(steps, script, folder);
}

function joined(steps: readonly Step[], script: string, folder: string): ResolvedStart {
  const serves = (step: Step): boolean => step.role === 'server' || step.role === 'tool' || step.role === 'dev';
  const parallel = steps.some((step, i) => step.operator === '&' && i > 0);
  const serving = steps.filter(serves);
  const deciding = (parallel ? serving.find(({ role }) => role === 'server') : undefined) ?? serving.at(-1);
  if (deciding === undefined)
    return {
      role: 'none',
      command: { kind: 'shell', script },
      builds: steps.filter(({ role }) => role === 'build').map(({ text }) => text),
      folder,
      program: steps.at(-1)?.program ?? '',
    };
  const first = parallel ? 0 : steps.findIndex((step) => serves(step) || step.role === 'none');
  const leading = parallel ? [] : steps.slice(0, first === -1 ? 0 : first);
  const remaining = parallel
    ? steps
    : steps.slice(leading.length).filter((step, i) => i === 0 || step.role !== 'install');
  const builds = [
    ...leading.filter(({ role }) => role === 'build').map(({ text }) => text),
    ...(steps.length === leading.length + 1 ? deciding.builds : []),
  ];
  const rest = remaining.filter((step) => step.program !== 'cd');
  const [only] = rest;
  const common = {
    role: deciding.role as ResolvedStart['role'],
    builds,
    folder: deciding.folder,
    program: deciding.program,
    ...(deciding.files === undefined ? {} : { files: deciding.files }),
  };
  if (rest.length === 1 && only?.command !== undefined) return { ...common, command: only.command };
  const text = remaining
    .map(
      (step, i) =>
        `${i === 0 ? '' : step.operator === ';' || step.operator === '&' ? `${step.operator} ` : ` ${step.operator} `}${step.text}`,
    )
    .join('');
  return {
    ...common,
    command: placed(
      parseStartCommand(
        leading.length === 0 &&
          remaining.length === steps.length &&
          remaining.every((step, i) => step.text === steps[i]?.text && script.includes(step.text))
          ? script.trim()
          : text,
      ),
      folder,
    ),
  };
}

function stepOf(command: ShellCommand, packages: Packages, folder: string, depth: number): Step {
  const base = { text: command.text, operator: command.operator, builds: [], folder };
  const scripts = packages.scriptsAt(folder) ?? {};
  const unwrapped = unwrapCommand(command.words, (name) => typeof scripts[name] === 'string');
  switch (unwrapped.kind) {
    case 'nothing':
      return { ...base, role: 'none', command: undefined, program: '' };
    case 'install':
      return { ...base, role: 'install', command: undefined, program: '' };
    case 'several': {
      const inner = unwrapped.scripts.map((script) => resolveStart(script, packages, folder, depth + 1));
      const by =
        inner.find(({ role }) => role === 'server') ??
        inner.find(({ role }) => role === 'tool') ??
        inner.find(({ role }) => role === 'dev');
      const alone = inner.length === 1 ? inner[0] : undefined;
      return {
        ...base,
        role: by?.role ?? 'none',
        command: alone?.command,
        builds: alone?.builds ?? [],
        folder: by?.folder ?? folder,
        program: by?.program ?? '',
        ...filesOf(by),
      };
    }
    case 'script':
      return scriptStep(command, unwrapped, packages, folder, depth);
    case 'program': {
      const served = withoutWatching(unwrapped.name, unwrapped.argv);
      const role = served.changed
        ? 'server'
        : roleOfProgram(
            unwrapped.name,
            unwrapped.argv[0] === 'node' && unwrapped.name !== 'node'
              ? unwrapped.argv.slice(2)
              : unwrapped.argv.slice(1),
          );
      const whole = command.plain && unwrapped.exact;
      const text = served.changed && command.plain ? shellText(served.argv, unwrapped.environment) : command.text;
      const parsed =
        whole || (served.changed && command.plain)
          ? parseStartCommand(shellText(served.argv, unwrapped.environment))
          : parseStartCommand(command.text);
      return {
        ...base,
        text,
        role,
        command: placed(parsed, folder),
        program:
          programName(served.argv[0] ?? '') === 'node' && unwrapped.name !== 'node' && !served.changed
            ? unwrapped.name
            : programName(served.argv[0] ?? ''),
        ...(FILE_SERVERS.has(unwrapped.name) ? { files: shownBy(unwrapped.argv.slice(1), folder) } : {}),
      };
    }
  }
}

const filesOf = (start: ResolvedStart | undefined): Pick<Step, 'files'> =>
  start?.files === undefined ? {} : { files: start.files };

/** Returns the files of a file server: `serve -s build -l 3000` is the folder `build`, as a single-page application. */
function shownBy(args: readonly string[], folder: string): NonNullable<ResolvedStart['files']> {
  let directory = '';
  for (let i = 0; i < args.length && directory === ''; i++) {
    const word = args[i] ?? '';
    if (/^-(?:l|p|c|a|-listen|-port|-config|-host|-cors|d|-directory)$/.test(word)) i++;
    else if (!word.startsWith('-')) directory = word;
  }
  return {
    directory: join(folder, directory === '' ? '.' : directory),
    spa: args.some((word) => /^-(?:s|-single|-spa)$/.test(word)),
  };
}

type ScriptReference = Extract<ReturnType<typeof unwrapCommand>, { kind: 'script' }>;

function scriptStep(
  command: ShellCommand,
  { script, at, args, environment }: ScriptReference,
  packages: Packages,
  folder: string,
  depth: number,
): Step {
  const base = { text: command.text, operator: command.operator, builds: [], folder };
  const there = placeOf(at, packages, folder);
  const scripts = there === undefined ? undefined : packages.scriptsAt(there);
  const text = scripts?.[script];
  if (there === undefined || typeof text !== 'string')
    return { ...base, role: 'server', command: placed(parseStartCommand(command.text), folder), program: script };
  const prefix = Object.entries(environment)
    .map(([name, value]) => `${name}=${quoted(value)} `)
    .join('');
  const inner = resolveStart(
    `${prefix}${text}${args.map((word) => ` ${quoted(word)}`).join('')}`,
    packages,
    there,
    depth + 1,
  );
  const before = scripts?.[`pre${script}`];
  const prepares = typeof before === 'string' ? resolveStart(before, packages, there, depth + 1) : undefined;
  const role =
    /^(?:pre)?build(?::|$)/.test(script) && inner.role !== 'dev'
      ? 'build'
      : inner.role === 'none'
        ? inner.builds.length > 0
          ? 'build'
          : 'none'
        : inner.role;
  const flat = prepares === undefined || prepares.role === 'none';
  return {
    ...base,
    role,
    command: flat && command.plain ? inner.command : placed(parseStartCommand(command.text), folder),
    builds: [...(prepares?.role === 'none' ? [`npm run pre${script}`] : []), ...inner.builds],
    folder: inner.folder,
    program: inner.program,
    ...filesOf(inner),
  };
}

function placeOf(at: ScriptPlace, packages: Packages, folder: string): string | undefined {
  if (at.folder !== undefined) return join(folder, at.folder);
  return at.workspace === undefined ? folder : packages.folderOf(at.workspace);
}

/** Returns what `nodemon server.js`, `tsx watch a.ts` and `node --watch a.js` run, once. */
function withoutWatching(
  name: string,
  argv: readonly string[],
): Readonly<{ argv: readonly string[]; changed: boolean }> {
  const rest = argv.slice(1);
  const named = withoutValues(rest);
  const file = named.find((word) => /\.[cm]?[jt]sx?$/.test(word) && !word.includes('*'));
  const after = (runner: string): readonly string[] =>
    file === undefined ? argv : [runner, ...rest.slice(rest.indexOf(file))];
  switch (name) {
    case 'nodemon':
    case 'supervisor':
    case 'node-dev': {
      const exec = rest[rest.findIndex((word) => word === '--exec' || word === '-x') + 1];
      const isExec = rest.some((word) => word === '--exec' || word === '-x');
      if (isExec && exec !== undefined)
        return {
          argv: [...exec.split(/\s+/), ...(file === undefined || exec.includes(file) ? [] : [file])],
          changed: true,
        };
      if (file !== undefined) return { argv: after(file.endsWith('ts') ? 'tsx' : 'node'), changed: true };
      return { argv: ['node', named.find((word) => !word.startsWith('-')) ?? '.'], changed: true };
    }
    case 'ts-node-dev':
    case 'tsnd':
      return file === undefined ? { argv, changed: false } : { argv: after('ts-node'), changed: true };
    case 'tsx':
      if (rest.includes('--watch')) return { argv: argv.filter((word) => word !== '--watch'), changed: true };
      return rest[0] === 'watch'
        ? {
            argv: ['tsx', ...rest.slice(1).filter((word) => !/^--(?:clear-screen|ignore|include|exclude)/.test(word))],
            changed: true,
          }
        : { argv, changed: false };
    case 'node':
    case 'bun': {
      const words = argv.filter(
        (word, i) => !/^--(?:watch|hot)(?:$|-path|-preserve|=)/.test(word) && argv[i - 1] !== '--watch-path',
      );
      return { argv: words, changed: words.length !== argv.length };
    }
    case 'pm2-runtime':
    case 'pm2': {
      const script = rest.find((word) => /\.[cm]?js$/.test(word) && !/ecosystem|pm2|\.config\./.test(word));
      return script === undefined || /npm|--interpreter/.test(rest.join(' '))
        ? { argv, changed: false }
        : { argv: ['node', script, ...(rest.includes('--') ? rest.slice(rest.indexOf('--') + 1) : [])], changed: true };
    }
    case 'forever':
      return file === undefined ? { argv, changed: false } : { argv: after('node'), changed: true };
    default:
      return { argv, changed: false };
  }
}

/** Options of nodemon, supervisor and their like that take the next word: what they name is not what is run. */
const WATCH_VALUES =
  /^(?:-w|--watch|-e|--ext|-i|--ignore|-d|--delay|--config|-s|--signal|--cwd|--extensions|--poll-interval|-p|-P|--project)$/;
const withoutValues = (words: readonly string[]): readonly string[] =>
  words.filter((word, i) => !WATCH_VALUES.test(words[i - 1] ?? '') || word.startsWith('-'));

/** Sets the folder of a start command: absent where it is the project's own. */
const placed = (command: StartCommand, folder: string): StartCommand =>
  folder === '' ? command : { ...command, folder };
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
const shellText = (argv: readonly string[], environment: Readonly<Record<string, string>>): string =>
  [...Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)}`), ...argv.map(quoted)].join(' ');

/** Joins folders below the project; what leads out of it, or is longer than a path can be, is the project itself. */
function join(folder: string, to: string): string {
  if (folder.length + to.length > 4_095) return '';
  const path = posix
    .normalize(to.startsWith('/') ? to.slice(1) : posix.join(folder === '' ? '.' : folder, to))
    .replace(/\/$/, '');
  return path === '.' || path.startsWith('..') ? '' : path;
}
