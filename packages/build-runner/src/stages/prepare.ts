import semver from 'semver';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { readInTree, readJsonInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { installFolderOf, listFolder } from '@anchor/packaging/detect/folders.ts';
import { atMost, newestNode, type NewestNode } from '@anchor/packaging/detect/framework-node.ts';
import { toolVersions, type NamedVersion } from '@anchor/packaging/detect/node-version.ts';
import { dependenciesOf, type PackageJson } from '@anchor/packaging/detect/package-json.ts';
import { detectPackageManager, type PackageManager } from '@anchor/packaging/detect/package-manager.ts';
import type { Plan } from '@anchor/packaging/detect/plan.ts';
import { turboFilter } from '@anchor/packaging/detect/turbo.ts';
import type { OutputSink } from '../session/command.ts';
import type { Session } from '../session/session.ts';
import { defaultNodeRange, type NodeVersion } from '../tools/nodes.ts';
import type { Toolchain } from '../tools/package-managers.ts';
import { NO_YARN, ownYarn, readYarnSettings, yarnMode, type YarnMode } from '../tools/yarn.ts';
import { checkLockFile, checkPackageJson } from './broken-files.ts';
import { detectProject, pathIn, type DetectedProject } from './detect-project.ts';

/** All that is decided before anything of the user's runs. */
export type Prepared = Readonly<{
  plan: Plan;
  /** Folders in the checkout, '' for its root. The install runs where the lock file is. */
  project: string;
  installFolder: string;
  manager: PackageManager;
  hasPackage: boolean;
  yarn: YarnMode;
  /**
   * Undefined when nothing of the project runs: plain files without a build. `nodeFrom`: what names the Node version.
   */
  tools: Readonly<{ node: NodeVersion; nodeFrom: string | undefined; toolchain: Toolchain }> | undefined;
}>;

/** Decides how the project is installed and built. */
export async function prepare(session: Session, request: BuildRequest, sink: OutputSink): Promise<Result<Prepared>> {
  const detected = await detectProject(session, request, sink);
  if (!detected.ok) return detected;
  const { plan, project, packageJson } = detected.value;
  const isPlainFiles =
    packageJson === undefined &&
    plan.build === undefined &&
    plan.output.kind === 'files' &&
    request.settings.installCommand === undefined;
  if (!isPlainFiles) return prepareInstall(session, request, sink, detected.value);
  return ok({
    plan,
    project,
    installFolder: project,
    manager: { name: 'npm' },
    hasPackage: false,
    yarn: NO_YARN,
    tools: undefined,
  });
}

async function prepareInstall(
  session: Session,
  request: BuildRequest,
  sink: OutputSink,
  detected: DetectedProject,
): Promise<Result<Prepared>> {
  const root = session.work.source;
  const { project, packageJson, named } = detected;
  const workspace = await readWorkspace(root, detected);
  if (!workspace.ok) return workspace;
  const { folder: installFolder, packageJson: installPackage, texts, files } = workspace.value;
  const { manager, ignored } = detectPackageManager({
    files,
    packages: [packageJson, installPackage],
    versions: toolVersions(detected.folders),
    text: (file) => texts.get(file),
  });
  if (ignored.length > 0) sink.log(ignoredLockFilesNote(manager, ignored), 'install', 'warn');
  // Only the one that is used: a left-over one of another manager harms nothing.
  const { lockFile = '' } = manager;
  const locked = texts.get(lockFile);
  const unreadable =
    locked === undefined ? undefined : checkLockFile(pathIn(installFolder, lockFile), lockFile, locked);
  if (unreadable !== undefined) return unreadable;
  const newest = newestNode(dependenciesOf(packageJson), texts.get(manager.lockFile ?? ''));
  const tools = await prepareTools(session, request, { plan: detected.plan, named, newest, manager, installFolder });
  if (!tools.ok) return tools;
  const { version } = tools.value.node;
  if (newest !== undefined && semver.major(version) > newest.major)
    sink.log(
      `Node ${version} is requested, but ${newest.why}. Node ${newest.major} is the newest that is known to work.`,
      'install',
      'warn',
    );
  const plan =
    request.settings.buildCommand === undefined ? await withTurbo(root, detected, workspace.value) : detected.plan;
  return ok({
    plan,
    project,
    installFolder,
    manager,
    yarn: manager.name === 'yarn' ? await yarnOf(root, installFolder, plan, tools.value.toolchain, sink) : NO_YARN,
    hasPackage: installPackage !== undefined || packageJson !== undefined,
    tools: tools.value,
  });
}

/** The folder where dependencies are installed: that of the lock file. */
type Workspace = Readonly<{
  folder: string;
  packageJson: PackageJson | undefined;
  files: readonly string[];
  /** Lock files and settings by name. */
  texts: ReadonlyMap<string, string | undefined>;
}>;

async function readWorkspace(
  root: string,
  { project, packageJson, sharedFolder }: DetectedProject,
): Promise<Result<Workspace>> {
  const nearest = await installFolderOf(root, project);
  const folder = sharedFolder !== undefined && nearest === project ? sharedFolder : nearest;
  const path = pathIn(folder, 'package.json');
  const broken = await checkPackageJson(root, path);
  if (broken !== undefined) return broken;
  const files = await listFolder(root, folder);
  const texts = await Promise.all(
    files
      .filter((file) => TEXT_FILES.test(file))
      .map(async (file) => [file, await readInTree(root, pathIn(folder, file), 16 << 20)] as const),
  );
  return ok({
    folder,
    packageJson: folder === project ? packageJson : await readJsonInTree(root, path),
    files,
    texts: new Map(texts),
  });
}

/** Where turbo runs the build of a workspace, it builds this project and what that depends on. */
async function withTurbo(root: string, { plan, project }: DetectedProject, workspace: Workspace): Promise<Plan> {
  if (plan.build === undefined || !('script' in plan.build)) return plan;
  const settings = (name: string): Promise<string | undefined> => readInTree(root, pathIn(workspace.folder, name));
  const turbo = turboFilter({
    workspace: workspace.folder,
    project,
    turboJson: (await settings('turbo.json')) ?? (await settings('turbo.jsonc')),
    packageJson: workspace.packageJson,
  });
  return turbo === undefined ? plan : { ...plan, build: { turbo } };
}

async function yarnOf(
  root: string,
  installFolder: string,
  plan: Plan,
  { version }: Toolchain,
  sink: OutputSink,
): Promise<YarnMode> {
  const usesNext = plan.framework === 'nextjs' || plan.aroundNext === true;
  const yarn = await yarnMode(root, installFolder, version, await readYarnSettings(root, installFolder), usesNext);
  if (yarn.nodeModules && usesNext)
    sink.log(
      "Next.js needs node_modules: yarn installs them instead of Plug'n'Play. Set nodeLinker: node-modules in .yarnrc.yml to hide this message.",
      'install',
      'warn',
    );
  return yarn;
}

/** Lock files and settings that are text. */
const TEXT_FILES = /^(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lock|\.yarnrc)$/;

type ToolRequest = Readonly<{
  plan: Plan;
  named: NamedVersion | undefined;
  newest: NewestNode | undefined;
  manager: PackageManager;
  installFolder: string;
}>;

async function prepareTools(
  session: Session,
  request: BuildRequest,
  { plan, named, newest, manager, installFolder }: ToolRequest,
): Promise<Result<NonNullable<Prepared['tools']>>> {
  const source = request.settings.nodeVersion === undefined ? named?.from : 'the project setting';
  const wanted = plan.nodeRange ?? defaultNodeRange(request.pinnedNodeMajor);
  const range =
    newest === undefined
      ? wanted
      : plan.nodeRange === undefined && semver.intersects(wanted, `>${newest.major}`)
        ? String(newest.major)
        : atMost(wanted, newest.major);
  const from = range === wanted ? source : [source, newest?.why].filter((text) => text !== undefined).join('; ');
  const node = await session.options.nodes.resolve(range);
  if (!node.ok)
    return from === undefined || node.error.code !== 'unsupported'
      ? node
      : { ok: false, error: { ...node.error, message: `${node.error.message} (it is named by ${from})` } };
  const root = session.work.source;
  const own = await ownYarn(root, installFolder, manager, await readYarnSettings(root, installFolder));
  const toolchain = await session.options.tools.prepare(manager, node.value.version, own);
  return toolchain.ok ? ok({ node: node.value, nodeFrom: from, toolchain: toolchain.value }) : toolchain;
}

function ignoredLockFilesNote(manager: PackageManager, ignored: readonly string[]): string {
  const others = ignored.join(' and ');
  if (manager.lockFile === undefined)
    return `${others} ${ignored.length === 1 ? 'is' : 'are'} not used: package.json names ${manager.name}`;
  return `More than one lock file: ${manager.lockFile} is used (${manager.name}), ${others} ${ignored.length === 1 ? 'is' : 'are'} not. Delete the outdated ones, or name the package manager: "packageManager" in package.json`;
}
