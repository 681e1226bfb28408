import type { FunctionEntry, WebComponent } from '@anchor/core/artifact/manifest.ts';
import { fail, type Result } from '@anchor/core/result/result.ts';
import type { StartCommand } from '../detect/start-command.ts';
import { findInside } from '../run/inside.ts';
import { packaged, type ArtifactStore } from './artifact-store.ts';
import { TreeBuilder } from './tree-builder.ts';

export type ServerOutput = Readonly<{
  root: string;
  /** The project's folder in the checkout, '' for the root. */
  project: string;
  start: StartCommand;
  /** Files that the entry needs, relative to the checkout, as traced; undefined when it could not be traced. */
  traced: readonly string[] | undefined;
  node: string;
}>;

/** Never part of a function: history, caches, and what would only be a secret lying about. */
export const SKIPPED = /(?:^|\/)(?:\.git|\.cache|\.next\/cache|\.turbo|\.DS_Store|\.npmrc|\.nyc_output|coverage|\.pnpm-store)(?:\/|$)/;
const SCRIPT = '.anchor/start.sh';

/**
 * A server: the project's own files as they lie after the build, and of its dependencies either the packages that the
 * entry was seen to use (each whole, since packages load files of their own by computed names) or all of them.
 */
export async function packageServer(output: ServerOutput, store: ArtifactStore): Promise<Result<WebComponent>> {
  const { root, project, start, traced } = output;
  if (start.kind === 'argv' && start.entry !== undefined) {
    const entry = await entryFile(root, project, start.entry);
    if (entry === undefined) return fail('output_missing', `"${start.entry.slice(0, 200)}" is not there after the build`, 'Check the start script, and that the build writes the file that it starts.');
  }
  return packaged(async () => {
    const tree = new TreeBuilder(root);
    await tree.addFolder('', (path) => SKIPPED.test(path) || (traced !== undefined && /(?:^|\/)node_modules$/.test(path)));
    if (traced !== undefined) {
      for (const path of traced) await tree.addPath(path);
      for (const folder of packagesOf(traced)) await tree.addFolder(folder, (path) => SKIPPED.test(path) || path.indexOf('/node_modules', folder.length) !== -1);
    }
    const argv = await startArgv(start, project, tree, store);
    const entry: FunctionEntry = { kind: 'server', tree: await tree.store(store), cwd: project, argv: [...argv], node: output.node };
    return { kind: 'web', framework: { name: 'node' }, basePath: '', trailingSlash: false, files: {}, prerenders: {}, function: entry } satisfies WebComponent;
  });
}

async function startArgv(start: StartCommand, project: string, tree: TreeBuilder, store: ArtifactStore): Promise<readonly string[]> {
  if (start.kind === 'argv' && Object.keys(start.environment).length === 0) return start.argv;
  // What needs a shell gets one inside the function's sandbox, as a file of the tree: no command line is ever put together.
  const text = start.kind === 'shell' ? start.script : `${Object.entries(start.environment).map(([name, value]) => `${name}=${quoted(value)}; export ${name}\n`).join('')}exec ${start.argv.map(quoted).join(' ')}`;
  const path = project === '' ? SCRIPT : `${project}/${SCRIPT}`;
  await tree.addBytes(path, new TextEncoder().encode(`#!/bin/sh\n${text}\n`), store, true);
  return [path];
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

async function entryFile(root: string, project: string, entry: string): Promise<boolean | undefined> {
  for (const name of [entry, `${entry}.js`, `${entry}.mjs`, `${entry}.cjs`, `${entry}/index.js`, `${entry}.ts`]) {
    if ((await findInside(root, project === '' ? name : `${project}/${name}`))?.kind === 'file') return true;
  }
  return undefined;
}

/** The package folders that traced files lie in: everything up to the package's name after the last node_modules. */
export function packagesOf(files: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const file of files) {
    const at = file.lastIndexOf('node_modules/');
    if (at === -1) continue;
    const [first = '', second = ''] = file.slice(at + 13).split('/');
    const name = first.startsWith('@') ? `${first}/${second}` : first;
    if (name !== '' && !name.startsWith('.')) folders.add(file.slice(0, at + 13) + name);
  }
  return [...folders];
}
