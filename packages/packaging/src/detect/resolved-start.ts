import type { ProgramRole } from './program-role.ts';
import type { ShellCommand } from './shell-commands.ts';
import { parseStartCommand, type StartCommand } from './start-command.ts';

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

/** One command of a start script, resolved. */
export type ScriptStep = Readonly<{
  role: ProgramRole | 'none';
  text: string;
  command: StartCommand | undefined;
  builds: readonly string[];
  folder: string;
  program: string;
  operator: ShellCommand['operator'];
  files?: NonNullable<ResolvedStart['files']>;
}>;

/** Sets the folder of a start command: absent where it is the project's own. */
export const placed = (command: StartCommand, folder: string): StartCommand =>
  folder === '' ? command : { ...command, folder };

/** Joins the commands of a script: what builds goes before, what serves decides. */
export function joinSteps(steps: readonly ScriptStep[], script: string, folder: string): ResolvedStart {
  const serves = (step: ScriptStep): boolean => step.role === 'server' || step.role === 'tool' || step.role === 'dev';
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
