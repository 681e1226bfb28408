import { FILE_SERVERS, shownBy } from './file-server.ts';
import { roleOfProgram } from './program-role.ts';
import { joinSteps, placed, type ResolvedStart, type ScriptStep } from './resolved-start.ts';
import { joinFolder } from './script-folder.ts';
import { shellCommands, type ShellCommand } from './shell-commands.ts';
import { shellText, shellWord } from './shell-word.ts';
import { parseStartCommand } from './start-command.ts';
import { programName, unwrapCommand } from './unwrap-command.ts';
import type { ScriptPlace } from './unwrapped.ts';
import { withoutWatching } from './watch-mode.ts';

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
  const steps: ScriptStep[] = [];
  let here = folder;
  for (const command of commands) {
    const passive = { role: 'none', text: command.text, command: undefined, builds: [] } as const;
    const { operator } = command;
    if (command.words[0] === 'cd' && command.words[1] !== undefined && command.plain) {
      here = joinFolder(here, command.words[1]);
      steps.push({ ...passive, folder: here, program: 'cd', operator });
    } else if (operator === '|') {
      steps.push({ ...passive, folder: here, program: programName(command.words[0] ?? ''), operator });
    } else steps.push(stepOf(command, packages, here, depth));
  }
  return joinSteps(steps, script, folder);
}

function stepOf(command: ShellCommand, packages: Packages, folder: string, depth: number): ScriptStep {
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
    case 'program':
      return programStep(command, unwrapped, folder);
  }
}

type Program = Extract<ReturnType<typeof unwrapCommand>, { kind: 'program' }>;

function programStep(command: ShellCommand, { name, argv, environment, exact }: Program, folder: string): ScriptStep {
  const served = withoutWatching(name, argv);
  const isTool = argv[0] === 'node' && name !== 'node';
  const rewritten = served.changed && command.plain;
  const text = shellText(served.argv, environment);
  const program = programName(served.argv[0] ?? '');
  return {
    text: rewritten ? text : command.text,
    operator: command.operator,
    builds: [],
    folder,
    role: served.changed ? 'server' : roleOfProgram(name, argv.slice(isTool ? 2 : 1)),
    command: placed(parseStartCommand(rewritten || (command.plain && exact) ? text : command.text), folder),
    program: program === 'node' && name !== 'node' && !served.changed ? name : program,
    ...(FILE_SERVERS.has(name) ? { files: shownBy(argv.slice(1), folder) } : {}),
  };
}

const filesOf = (start: ResolvedStart | undefined): Pick<ScriptStep, 'files'> =>
  start?.files === undefined ? {} : { files: start.files };

type ScriptReference = Extract<ReturnType<typeof unwrapCommand>, { kind: 'script' }>;

function scriptStep(
  command: ShellCommand,
  { script, at, args, environment }: ScriptReference,
  packages: Packages,
  folder: string,
  depth: number,
): ScriptStep {
  const base = { text: command.text, operator: command.operator, builds: [], folder };
  const there = placeOf(at, packages, folder);
  const scripts = there === undefined ? undefined : packages.scriptsAt(there);
  const text = scripts?.[script];
  if (there === undefined || typeof text !== 'string')
    return { ...base, role: 'server', command: placed(parseStartCommand(command.text), folder), program: script };
  const prefix = Object.entries(environment)
    .map(([name, value]) => `${name}=${shellWord(value)} `)
    .join('');
  const inner = resolveStart(
    `${prefix}${text}${args.map((word) => ` ${shellWord(word)}`).join('')}`,
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
  if (at.folder !== undefined) return joinFolder(folder, at.folder);
  return at.workspace === undefined ? folder : packages.folderOf(at.workspace);
}
