import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { Runnable } from './runnable.ts';
import type { TreeBuilder } from './tree-builder.ts';

const { app, node, runtime } = SANDBOX_PATHS;
/** Paths of a start script and its programs in the tree. */
const SCRIPT = '.anchor/start.sh';
const PROGRAMS = '.anchor/bin';
/** The program of Bun itself; `bun` beside it is a script that lets the server listen where the platform wants it. */
export const BUN_PROGRAM = `${PROGRAMS}/bun-program`;

/** Scripts that call a package manager get ours, which runs scripts and programs and nothing else. */
const CALLS_MANAGER =
  /(?:^|[\s;&|("'/])(?:npm|npx|pnpm|pnpx|yarn|bunx?|concurrently|conc|run-[ps]|npm-run-all2?|pm2(?:-runtime)?|sh|bash)(?:[\s)"':]|$)|\.sh(?:\s|$)/;
const MANAGERS: readonly string[] = ['npm', 'npx', 'pnpm', 'pnpx', 'yarn'];
const managerScript = (name: string): string =>
  `#!/bin/sh\nexec ${node}/bin/node ${runtime}/run-script.js ${name} "$@"\n`;
const bunScript = (command: string): string =>
  `#!/bin/sh\nexec ${app}/${BUN_PROGRAM} --preload=${runtime}/bun-preload.js ${command}"$@"\n`;

/** Returns the argument vector of a function, and adds the files that it needs to the tree. */
export async function startFiles(
  runnable: Runnable,
  tree: TreeBuilder,
  store: ArtifactStore,
): Promise<readonly string[]> {
  const { argv, environment, foreign } = runnable;
  if (argv !== undefined && Object.keys(environment).length === 0) return argv;
  // A command that needs a shell gets one inside the function's sandbox, as a file of the tree: no command line is ever
  // concatenated.
  const script =
    argv === undefined
      ? (runnable.script ?? '')
      : `${Object.entries(environment)
          .map(([name, value]) => `${name}=${quoted(value)}; export ${name}\n`)
          .join('')}exec ${argv.map(quoted).join(' ')}`;
  const shims = runnable.bun || CALLS_MANAGER.test(script);
  const encoder = new TextEncoder();
  if (shims)
    for (const name of MANAGERS)
      await tree.addBytes(`${PROGRAMS}/${name}`, encoder.encode(managerScript(name)), store, true);
  if (runnable.bun) {
    await tree.addBytes(`${PROGRAMS}/bun`, encoder.encode(bunScript('')), store, true);
    await tree.addBytes(`${PROGRAMS}/bunx`, encoder.encode(bunScript('x ')), store, true);
  }
  const path = runnable.cwd === '' ? SCRIPT : `${runnable.cwd}/${SCRIPT}`;
  await tree.addBytes(
    path,
    encoder.encode(`#!/bin/sh\n${shims ? `PATH="${app}/${PROGRAMS}:$PATH"; export PATH\n` : ''}${script}\n`),
    store,
    true,
  );
  // The path is relative to where it runs.
  return foreign ? ['node', `${runtime}/foreign-server.js`, `./${SCRIPT}`] : [path];
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
