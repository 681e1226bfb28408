/**
 * Replaces `npm`, `npx`, `pnpm` and `yarn` inside a function: `node run-script.js <manager> …` runs scripts of
 * package.json and programs of the dependencies. Nothing is installed or fetched: the dependencies are part of the
 * deployment.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { environment, isRecord } from './process/environment.ts';

/** The kind of call: a script or a program in a folder, nothing, or something that is not supported here. */
export type Call =
  | Readonly<{
      kind: 'script';
      name: string;
      args: readonly string[];
      folder?: string;
      workspace?: string;
      optional: boolean;
    }>
  | Readonly<{ kind: 'program'; name: string; args: readonly string[]; folder?: string }>
  | Readonly<{ kind: 'nothing' } | { kind: 'refused'; verb: string }>;

const INSTALLS = /^(?:i|ci|install|add|clean-install)$/;

/**
 * Reads the arguments of a package manager as that manager would. `hasScript`: of the package in the current folder.
 */
export function readCall(manager: string, words: readonly string[], hasScript: (name: string) => boolean): Call {
  if (manager === 'npx' || manager === 'pnpx') return programCall(words);
  let folder: string | undefined;
  let workspace: string | undefined;
  let optional = false;
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [option = '', inline] = word.split(/=(.*)/s);
    const value = (): string => inline ?? words[++i] ?? '';
    if (word === '--') {
      rest.push(...(manager === 'npm' || rest.length < 2 ? words.slice(i + 1) : words.slice(i)));
      break;
    }
    const named = rest.filter((one) => one !== 'run' && one !== 'run-script').length > 0;
    if (named && manager !== 'npm') rest.push(word);
    else if (['--cwd', '-C', '--dir', '--prefix'].includes(option)) folder = value();
    else if (['--filter', '-F', '--workspace'].includes(option) || (option === '-w' && manager === 'npm'))
      workspace = value();
    else if (word === 'workspace' && manager === 'yarn') workspace = words[++i] ?? '';
    else if (word === '--if-present') optional = true;
    else if (!word.startsWith('-')) rest.push(word);
  }
  const origin = { ...(folder === undefined ? {} : { folder }), ...(workspace === undefined ? {} : { workspace }) };
  const [verb, ...more] = rest;
  if (verb === undefined || INSTALLS.test(verb)) return { kind: 'nothing' };
  if (verb === 'run' || verb === 'run-script') {
    const [name, ...args] = more;
    if (name === undefined) return { kind: 'nothing' };
    return manager === 'npm' || hasScript(name) || folder !== undefined || workspace !== undefined || optional
      ? { kind: 'script', name, args, optional, ...origin }
      : { kind: 'program', name, args, ...origin };
  }
  if (['start', 'test', 'stop', 'restart'].includes(verb))
    return { kind: 'script', name: verb, args: more, optional, ...origin };
  if (verb === 'exec' || verb === 'dlx' || verb === 'x')
    return { ...programCall(words.slice(words.indexOf(verb) + 1)), ...(folder === undefined ? {} : { folder }) };
  if (manager === 'npm') return { kind: 'refused', verb };
  return hasScript(verb) || workspace !== undefined
    ? { kind: 'script', name: verb, args: more, optional, ...origin }
    : { kind: 'program', name: verb, args: more, ...origin };
}

function programCall(words: readonly string[]): Call {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') continue;
    if (word === '-p' || word === '--package') at++;
    else if (!word.startsWith('-')) break;
  }
  const [name, ...args] = words.slice(at);
  return name === undefined ? { kind: 'nothing' } : { kind: 'program', name: name.replace(/(?<=.)@[^/]*$/, ''), args };
}

/** Returns the folders of programs, from the current one upwards. */
export function programFolders(folder: string): readonly string[] {
  const out: string[] = [];
  for (let at = resolve(folder); ; at = dirname(at)) {
    out.push(join(at, 'node_modules/.bin'));
    if (at === dirname(at)) return out;
  }
}

function packageOf(folder: string): Readonly<{ scripts: Readonly<Record<string, unknown>>; name: string }> {
  try {
    const json: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return {
      scripts: isRecord(json) && isRecord(json['scripts']) ? json['scripts'] : {},
      name: isRecord(json) && typeof json['name'] === 'string' ? json['name'] : '',
    };
  } catch {
    return { scripts: {}, name: '' };
  }
}

/** Returns the folder of a workspace by its name or path, searched a few levels down. */
function workspaceFolder(root: string, name: string, depth = 0): string | undefined {
  if (depth === 0 && existsSync(join(root, name, 'package.json'))) return join(root, name);
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const folder = join(root, entry.name);
    if (packageOf(folder).name === name) return folder;
    const below = depth < 3 ? workspaceFolder(folder, name, depth + 1) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

function run(argv: readonly string[], folder: string, extra: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((done) => {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, {
      cwd: folder,
      stdio: 'inherit',
      env: { ...environment, ...extra, PATH: [...programFolders(folder), environment['PATH'] ?? ''].join(':') },
    });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    child.once('error', (cause) => {
      console.error(cause.message);
      done(127);
    });
    child.once('exit', (code, signal) => done(code ?? (signal === null ? 1 : 128)));
  });
}

async function runScript(call: Extract<Call, { kind: 'script' }>, folder: string): Promise<number> {
  const { scripts, name } = packageOf(folder);
  if (typeof scripts[call.name] !== 'string') {
    if (call.optional) return 0;
    console.error(`package.json has no script "${call.name}".`);
    return 1;
  }
  for (const stage of [`pre${call.name}`, call.name, `post${call.name}`]) {
    const text = scripts[stage];
    if (typeof text !== 'string') continue;
    // One plain command takes the shell's place, so that it gets the signals itself.
    const plain =
      /^[\w@%+=:,./ -]+$/.test(text) &&
      !/^\s*(?:\w+=|(?:[.:]|cd|export|set|exit|exec|eval|echo|test|true|false|read|trap|ulimit|umask|unset|wait|if|for|while|case)(?:\s|$))/.test(
        text,
      );
    const code = await run(
      [
        '/bin/sh',
        '-c',
        `${plain ? 'exec ' : ''}${text}${stage === call.name && call.args.length > 0 ? ' "$@"' : ''}`,
        'sh',
        ...call.args,
      ],
      folder,
      { npm_lifecycle_event: stage, npm_package_name: name },
    );
    if (code !== 0) return code;
  }
  return 0;
}

async function main(manager: string, words: readonly string[]): Promise<number> {
  const here = process.cwd();
  const call = readCall(manager, words, (name) => typeof packageOf(here).scripts[name] === 'string');
  if (call.kind === 'nothing') return 0;
  if (call.kind === 'refused') {
    console.error(`"${manager} ${call.verb}" does nothing in a deployment: dependencies are installed by its build.`);
    return 1;
  }
  const folder =
    'workspace' in call && call.workspace !== undefined
      ? workspaceFolder(here, call.workspace)
      : resolve(here, call.folder ?? '.');
  if (folder === undefined) {
    console.error('There is no such workspace in this deployment.');
    return 1;
  }
  if (call.kind === 'script') return runScript(call, folder);
  const program = programFolders(folder)
    .map((bin) => join(bin, call.name))
    .find((path) => existsSync(path));
  if (program === undefined) {
    console.error(`"${call.name}" is not part of the deployment: add its package to the dependencies.`);
    return 127;
  }
  return run([program, ...call.args], folder, {});
}

const [, own, manager, ...words] = process.argv;
if (own?.endsWith('/run-script.js') === true && manager !== undefined) process.exitCode = await main(manager, words);
