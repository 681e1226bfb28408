import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { detect, type Plan } from '../detect/detect.ts';
import { detectPackageManager, LOCK_FILE_NAMES, usesPlugAndPlay, type PackageManager } from '../detect/package-manager.ts';
import { turboFilter } from '../detect/turbo.ts';
import { defaultNode, type NodeVersion } from '../tools/nodes.ts';
import type { Toolchain } from '../tools/package-managers.ts';
import { projectFolder } from './checkout.ts';
import type { OutputSink } from './command.ts';
import { findInside, readInside, readJsonInside } from './inside.ts';
import type { Session } from './session.ts';

/** All that is decided before anything of the user's runs. */
export type Prepared = Readonly<{
  plan: Plan;
  /** Folders in the checkout, '' for its root. The install runs where the lock file is. */
  project: string;
  installFolder: string;
  manager: PackageManager;
  hasPackage: boolean;
  /** Yarn is told to make a node_modules although the project says Plug'n'Play. */
  nodeModules: boolean;
  /** Undefined when nothing of the project runs: plain files without a build. */
  tools: Readonly<{ node: NodeVersion; toolchain: Toolchain }> | undefined;
}>;

export async function prepare(session: Session, request: BuildRequest, sink: OutputSink): Promise<Result<Prepared>> {
  const root = session.work.source;
  const folder = await projectFolder(session, request.settings.rootDirectory);
  if (!folder.ok) return folder;
  const project = folder.value;
  const at = (name: string, below = project) => (below === '' ? name : `${below}/${name}`);
  const listing = await names(root, project);
  const packageJson = await readJsonInside(root, at('package.json'));
  const nodeVersionFile = await nodeFile(root, project);
  const planned = detect({ files: listing, settings: request.settings, ...(packageJson === undefined ? {} : { packageJson }), ...(nodeVersionFile === undefined ? {} : { nodeVersionFile }) });
  if (!planned.ok) return planned;
  let plan = planned.value;
  sink.say(`Detected ${plan.framework}: ${plan.because}`, 'install');

  if (packageJson === undefined && plan.build === undefined && plan.output.kind === 'files' && request.settings.installCommand === undefined) {
    return ok({ plan, project, installFolder: project, manager: { name: 'npm' }, hasPackage: false, nodeModules: false, tools: undefined });
  }
  const installFolder = await lockFolder(root, project);
  const files = await names(root, installFolder);
  const heads = new Map<string, string>();
  for (const file of LOCK_FILE_NAMES) if (files.includes(file) && !file.endsWith('b')) heads.set(file, (await readInside(root, at(file, installFolder), 64 << 20))?.slice(0, 2000) ?? '');
  const installPackage = installFolder === project ? packageJson : await readJsonInside(root, at('package.json', installFolder));
  const named = [packageJson?.['packageManager'], installPackage?.['packageManager']].find((value): value is string => typeof value === 'string');
  const manager = detectPackageManager(files, named, (file) => heads.get(file) ?? '');

  const node = await session.options.nodes.resolve(plan.nodeRange ?? defaultNode(request.keptNode));
  if (!node.ok) return node;
  const toolchain = await session.options.tools.prepare(manager, node.value.version);
  if (!toolchain.ok) return toolchain;
  if (plan.build !== undefined && 'script' in plan.build && request.settings.buildCommand === undefined) {
    const turbo = turboFilter({ workspace: installFolder, project, turboJson: (await readInside(root, at('turbo.json', installFolder))) ?? (await readInside(root, at('turbo.jsonc', installFolder))), packageJson: installPackage });
    if (turbo !== undefined) plan = { ...plan, build: { turbo } };
  }
  const nodeModules = plan.framework === 'nextjs' && usesPlugAndPlay(manager, toolchain.value.version, (await readInside(root, at('.yarnrc.yml', installFolder))) ?? '');
  if (nodeModules) sink.say("Next.js needs node_modules: yarn installs them instead of Plug'n'Play. Set nodeLinker: node-modules in .yarnrc.yml to say so yourself.", 'install', 'warn');
  return ok({ plan, project, installFolder, manager, nodeModules, hasPackage: installPackage !== undefined || packageJson !== undefined, tools: { node: node.value, toolchain: toolchain.value } });
}

/** Names in a folder of the checkout; directories end with "/". */
async function names(root: string, folder: string): Promise<readonly string[]> {
  const found = await findInside(root, folder);
  if (found?.kind !== 'directory') return [];
  return (await readdir(join(root, found.path), { withFileTypes: true })).map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
}

/** The nearest folder, from the project upwards, that has a lock file; the project itself when none has. */
async function lockFolder(root: string, project: string): Promise<string> {
  for (let folder = project; ; folder = posix.dirname(folder) === '.' ? '' : posix.dirname(folder)) {
    const files = await names(root, folder);
    if (LOCK_FILE_NAMES.some((name) => files.includes(name))) return folder;
    if (folder === '') return project;
  }
}

/** The first of .nvmrc and .node-version, in the project or at the root of the repository. */
async function nodeFile(root: string, project: string): Promise<string | undefined> {
  for (const folder of project === '' ? [''] : [project, '']) {
    for (const name of ['.nvmrc', '.node-version']) {
      const text = (await readInside(root, folder === '' ? name : `${folder}/${name}`, 4096))?.split('\n').map((line) => line.replace(/#.*/, '').trim()).find((line) => line !== '');
      if (text !== undefined) return text;
    }
  }
  return undefined;
}
