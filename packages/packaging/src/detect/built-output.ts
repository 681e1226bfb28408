import { readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import type { BuildSettings } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { resolveInTree } from '../checkout/checkout-fs.ts';
import { nodeEntryFile } from './node-entry.ts';
import type { FilesPlan, Plan } from './plan.ts';
import { ANY_SERVER, type BuiltServer } from './frameworks.ts';
import { shellCommands } from './shell-commands.ts';
import { parseStartCommand, type StartCommand } from './start-command.ts';
import { sitesOf, writtenFolders } from './written-folders.ts';

/** The output that is packaged. `built`: the server that the framework's build left, as found. */
export type Output = Readonly<
  { kind: 'next' } | ({ kind: 'files' } & FilesPlan) | { kind: 'server'; start: StartCommand; built?: BuiltServer }
>;
export type Settled = Readonly<{ output: Output; framework: Plan['framework']; because?: string }>;

/**
 * Decides between a server and files by what the build left, where package.json left that open. Reads the checkout
 * after the build; nothing of the user's runs here. `since` (ms since the epoch): files written later are of the build,
 * which finds outputs in folders that the tool's configuration names.
 */
export async function settleOutput(
  root: string,
  project: string,
  plan: Plan,
  settings: BuildSettings,
  since?: number,
): Promise<Result<Settled>> {
  const usual = await settleUsual(root, project, plan, settings);
  if (since === undefined || plan.build === undefined || settings.outputDirectory !== undefined) return usual;
  if (usual.ok) {
    if (await isThere(root, project, plan, usual.value.output)) return usual;
  } else if (plan.known === undefined) return usual;
  return (await settleElsewhere(root, project, plan, since)) ?? usual;
}

/** Returns whether an output exists: files with an index.html, or the file that a framework's start script names. */
async function isThere(root: string, project: string, { known }: Plan, output: Output): Promise<boolean> {
  if (output.kind === 'files') return (await foldersWithIndex(root, project, output.directories)).length > 0;
  return output.kind === 'next' || known === undefined || (await ownServer(root, project, output.start, [])).present;
}

/** Finds the output in another folder than the tool's usual one. Undefined when the build wrote none. */
async function settleElsewhere(
  root: string,
  project: string,
  { known, output }: Plan,
  since: number,
): Promise<Result<Settled> | undefined> {
  const folders = await writtenFolders(root, project, since);
  for (const { path } of folders) {
    const candidates = (known?.servers ?? []).flatMap((candidate) => movedTo(path, candidate) ?? []);
    const found = await findServer(root, project, candidates);
    const entry = found === undefined ? undefined : await resolveInTree(root, at(project, found.entry));
    if (found !== undefined && entry !== undefined && entry.mtimeMs >= since) return ok(servedBy(found, known?.name));
  }
  const files = output.kind === 'files' ? output : output.kind === 'server' ? output.files : undefined;
  const sites = files === undefined ? [] : sitesOf(folders);
  const [site] = sites;
  if (files === undefined || site === undefined) return undefined;
  const around = await usualAround(root, project, files.directories, sites);
  if (around !== undefined || sites.length > 1)
    return fail(
      'output_missing',
      around === undefined
        ? 'The build wrote several sites'
        : `The build wrote no index.html into ${around}, but into folders of it`,
      `Name the folder of the site: anchor projects update --output ${shellWord(site)}${around === undefined ? '' : ` (or ${shellWord(around)}, where its pages need the files beside it)`}`,
      `An index.html is in ${sites.slice(0, 8).join(', ')}.`,
    );
  return ok({
    output: { kind: 'files', spa: files.spa, directories: [site] },
    framework: files.spa ? 'spa' : 'static',
    because: `the build wrote an index.html into ${site}`,
  });
}

/** Returns the usual folder that all sites are in, when it holds something beside them: assets or a server's code. */
async function usualAround(
  root: string,
  project: string,
  directories: readonly string[],
  sites: readonly string[],
): Promise<string | undefined> {
  for (const usual of directories) {
    if (!sites.every((site) => site.startsWith(`${usual}/`))) continue;
    const folder = await resolveInTree(root, at(project, usual));
    if (folder?.kind === 'directory' && (await readdir(folder.absolute)).length > 1) return usual;
  }
  return undefined;
}

/** Returns a server of a framework in another output folder; undefined where its entry alone would say nothing. */
function movedTo(folder: string, candidate: BuiltServer): BuiltServer | undefined {
  const [usual = ''] = candidate.entry.split('/');
  const moved = (path: string): string =>
    path === usual ? folder : path.startsWith(`${usual}/`) ? `${folder}${path.slice(usual.length)}` : path;
  const { whole, assets, beside } = candidate;
  const proof = beside ?? (whole === undefined ? assets : `${whole}/nitro.json`);
  if (proof === undefined || moved(proof) === proof) return undefined;
  return {
    ...candidate,
    entry: moved(candidate.entry),
    beside: moved(proof),
    ...(candidate.folder === undefined ? {} : { folder: moved(candidate.folder) }),
    ...(whole === undefined ? {} : { whole: moved(whole) }),
    ...(assets === undefined ? {} : { assets: moved(assets) }),
  };
}

const servedBy = (found: BuiltServer, framework: string | undefined): Settled => ({
  output: { kind: 'server', start: startOf(found), built: found },
  framework: 'node',
  because: `the build left ${found.entry}${framework === undefined ? '' : ` (${framework})`}`,
});

/** One list of cases, the first that holds decides; so it is longer than other functions. */
async function settleUsual(
  root: string,
  project: string,
  plan: Plan,
  settings: BuildSettings,
): Promise<Result<Settled>> {
  const { output, known } = plan;
  const keep = (): Result<Settled> => ok({ output, framework: plan.framework });
  if (
    output.kind === 'next' ||
    settings.framework === 'static' ||
    settings.framework === 'spa' ||
    settings.outputDirectory !== undefined
  )
    return keep();
  const candidates = [...(known?.servers ?? []), ...ANY_SERVER];
  const server = (found: BuiltServer): Result<Settled> => ok(servedBy(found, known?.name));
  const files = async (plan: FilesPlan | undefined): Promise<Result<Settled> | undefined> => {
    const found = plan === undefined ? [] : await foldersWithIndex(root, project, plan.directories);
    return plan === undefined || found.length === 0
      ? undefined
      : ok({
          output: { kind: 'files', spa: plan.spa, directories: found },
          framework: plan.spa ? 'spa' : 'static',
          because: `the build left no server, and an index.html in ${found[0]}`,
        });
  };
  if (output.kind === 'server' && output.guessed !== true) {
    const own = await ownServer(root, project, output.start, candidates);
    if (own.present)
      return ok({
        output: { kind: 'server', start: output.start, ...(own.built === undefined ? {} : { built: own.built }) },
        framework: 'node',
      });
    if (known === undefined) return keep();
    const found = await findServer(root, project, candidates);
    return found !== undefined ? server(found) : ((await files(output.files)) ?? keep());
  }
  const found = await findServer(
    root,
    project,
    output.kind === 'server' && output.start.kind === 'argv' && known === undefined ? [] : candidates,
  );
  if (found !== undefined) return server(found);
  if (output.kind === 'files' && known === undefined) return keep();
  const left = output.kind === 'files' ? output : output.files;
  const own = output.kind === 'files' ? { present: false } : await ownServer(root, project, output.start, candidates);
  const started =
    own.present && output.kind === 'server'
      ? ok<Settled>({ output: { kind: 'server', start: output.start }, framework: 'node' })
      : undefined;
  // An existing server serves the pages beside it.
  if (started !== undefined && known === undefined && output.kind === 'server' && output.start.kind === 'argv')
    return started;
  const served = (await files(left)) ?? started;
  if (served !== undefined) return served;
  return fail(
    'output_missing',
    known === undefined
      ? 'The build produced no server to start'
      : `The build of ${known.name} left neither a server nor files`,
    known?.fix ??
      'Add a "start" script to package.json, or set the start command: anchor projects update --start "node dist/server.js"',
    `Looked for ${[...candidates.filter((one) => one.beside === undefined || known !== undefined).map(({ entry }) => entry), ...(left?.directories ?? []).map((folder) => `${folder}/index.html`)].slice(0, 8).join(', ')}.`,
  );
}

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

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
async function ownServer(
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

async function findServer(
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

/** Returns the folders that exist and hold an index.html, of a list of names that may contain `*`. */
async function foldersWithIndex(
  root: string,
  project: string,
  directories: readonly string[],
): Promise<readonly string[]> {
  const out: string[] = [];
  for (const directory of directories) {
    for (const name of await namesFor(root, project, directory)) {
      const folder = directory.replaceAll('*', name);
      if ((await resolveInTree(root, at(project, `${folder}/index.html`)))?.kind === 'file') out.push(folder);
    }
  }
  return out;
}

/** Returns what `*` may match: the names in the folder before it, in order. */
async function namesFor(root: string, project: string, pattern: string): Promise<readonly string[]> {
  const star = pattern.indexOf('*');
  if (star === -1) return [''];
  const folder = await resolveInTree(root, at(project, pattern.slice(0, star)));
  if (folder?.kind !== 'directory') return [];
  return (await readdir(folder.absolute, { withFileTypes: true }))
    .filter((entry) => !entry.isFile())
    .map(({ name }) => name)
    .sort();
}

const at = (...parts: readonly string[]): string => {
  const path = posix.normalize(parts.filter((part) => part !== '').join('/') || '.');
  return path === '.' ? '' : path.replace(/\/$/, '');
};
