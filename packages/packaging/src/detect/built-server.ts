import { posix } from 'node:path';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { resolveInTree } from '../checkout/checkout-fs.ts';
import type { BuiltServer } from './frameworks.ts';
import { nodeEntryFile } from './node-entry.ts';
import { at, namesFor } from './output-folders.ts';
import type { Settled } from './settled.ts';
import { shellCommands } from './shell-commands.ts';
import { shellWord } from './shell-word.ts';
import { parseStartCommand, type StartCommand } from './start-command.ts';

/** Settles on a server that a framework's build left. */
export const servedBy = (found: BuiltServer, framework: string | undefined): Settled => ({
  output: { kind: 'server', start: startOf(found), built: found },
  framework: 'node',
  because: `the build left ${found.entry}${framework === undefined ? '' : ` (${framework})`}`,
});

/** Returns the command that runs a server of a build; the runtime runs a handler. */
function startOf({ entry, folder, program, handler }: BuiltServer): StartCommand {
  const path = folder === undefined ? entry : posix.relative(folder, entry);
  const word = shellWord(path);
  const command =
    handler === true
      ? parseStartCommand(`node ${SANDBOX_PATHS.runtime}/serve-fetch.js ${word}`)
      : parseStartCommand(`${program ?? 'node'} ${word}`);
  return folder === undefined ? command : { ...command, folder };
}

/** Returns whether what a start command names is there, and which of the known servers it is. */
export async function ownServer(
  root: string,
  project: string,
  start: StartCommand,
  candidates: readonly BuiltServer[],
): Promise<Readonly<{ present: boolean; built?: BuiltServer }>> {
  const cwd = at(project, start.folder ?? '');
  const words = start.kind === 'argv' ? (start.entry === undefined ? [] : [start.entry]) : fileWords(start.script);
  const found: string[] = [];
  for (const word of words) {
    const file = await nodeEntryFile(root, cwd, word);
    if (file === undefined && (start.kind === 'argv' || /(?:^|\/)(?:build|dist|out|\.output)\//.test(word)))
      return { present: false };
    if (file !== undefined) found.push(file.path);
  }
  for (const candidate of candidates) {
    const match = await matching(root, project, candidate);
    if (match !== undefined && found.includes(at(project, match.entry)))
      return {
        present: true,
        built: {
          ...match,
          ...(match.program === undefined && match.handler === undefined
            ? {}
            : { program: undefined, handler: undefined }),
        } as BuiltServer,
      };
  }
  return { present: true };
}

/** Returns the words of a script that look like files of JavaScript. */
const fileWords = (script: string): readonly string[] => {
  const commands = shellCommands(script);
  return commands?.length === 1
    ? (commands[0]?.words ?? []).slice(1).filter((word) => /\.[cm]?[jt]s$/.test(word) && !word.startsWith('-'))
    : [];
};

/** Returns the first of the candidates that the build left. */
export async function findServer(
  root: string,
  project: string,
  candidates: readonly BuiltServer[],
): Promise<BuiltServer | undefined> {
  for (const candidate of candidates) {
    const found = await matching(root, project, candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Returns the candidate with `*` replaced by an existing name; undefined when the build did not leave it. */
async function matching(root: string, project: string, candidate: BuiltServer): Promise<BuiltServer | undefined> {
  for (const name of await namesFor(root, project, candidate.entry)) {
    const filled = (path: string): string => path.replaceAll('*', name);
    const found = await resolveInTree(root, at(project, filled(candidate.entry)));
    if (
      found?.kind !== 'file' ||
      (candidate.beside !== undefined &&
        (await resolveInTree(root, at(project, filled(candidate.beside)))) === undefined)
    )
      continue;
    return {
      ...candidate,
      entry: filled(candidate.entry),
      ...(candidate.folder === undefined ? {} : { folder: filled(candidate.folder) }),
      ...(candidate.whole === undefined ? {} : { whole: filled(candidate.whole) }),
      ...(candidate.assets === undefined ? {} : { assets: filled(candidate.assets) }),
    };
  }
  return undefined;
}
