import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { readInTree, readJsonInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { customServer } from '@anchor/packaging/detect/custom-server.ts';
import { detect } from '@anchor/packaging/detect/detect.ts';
import { listFolder, sharedPackage, versionFolders } from '@anchor/packaging/detect/folders.ts';
import { namedNode, type NamedVersion, type VersionFolder } from '@anchor/packaging/detect/node-version.ts';
import { startOf } from '@anchor/packaging/detect/package-fields.ts';
import { dependenciesOf, type PackageJson } from '@anchor/packaging/detect/package-json.ts';
import { packagesBelow } from '@anchor/packaging/detect/packages-below.ts';
import type { Listing, Plan } from '@anchor/packaging/detect/plan.ts';
import { listeningServer } from '@anchor/packaging/detect/root-server.ts';
import type { OutputSink } from '../session/command.ts';
import type { Session } from '../session/session.ts';
import { checkPackageJson } from './broken-files.ts';
import { projectFolder } from './checkout.ts';

/** A folder of the checkout, as it is read before a plan is made. */
type ProjectFiles = Readonly<{
  project: string;
  listing: readonly string[];
  packageJson: PackageJson | undefined;
  /** The folder above whose package.json the project uses, having none of its own. */
  sharedFolder: string | undefined;
}>;

export type DetectedProject = ProjectFiles &
  Readonly<{ plan: Plan; folders: readonly VersionFolder[]; named: NamedVersion | undefined }>;

/** Bytes of a file that may name or start a server. */
const SOURCE_BYTES = 256 << 10;

/** Joins a folder of the checkout ('' for its root) and a name below it. */
export const pathIn = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** Decides what the project is, from its files and settings, and writes that to the build's log. */
export async function detectProject(
  session: Session,
  request: BuildRequest,
  sink: OutputSink,
): Promise<Result<DetectedProject>> {
  const root = session.work.source;
  const folder = await projectFolder(session, request.settings.rootDirectory);
  if (!folder.ok) return folder;
  const read = await readProject(root, folder.value);
  if (!read.ok) return read;
  const folders = await versionFolders(root, folder.value);
  const named = namedNode(folders);
  const planned = detect({
    ...(await listingOf(root, read.value)),
    settings: request.settings,
    ...(named === undefined ? {} : { nodeVersionFile: named.range }),
  });
  if (!planned.ok) return planned;
  const plan = planned.value;
  const { sharedFolder } = read.value;
  sink.log(`Detected ${plan.framework}: ${plan.because}`, 'install');
  if (sharedFolder !== undefined)
    sink.log(
      `It has no package.json: the dependencies are those of ${sharedFolder === '' ? 'the root' : sharedFolder}`,
      'install',
    );
  for (const note of plan.notes ?? []) sink.log(note, 'install', 'warn');
  return ok({ ...read.value, plan, folders, named });
}

async function readProject(root: string, project: string): Promise<Result<ProjectFiles>> {
  const path = pathIn(project, 'package.json');
  const broken = await checkPackageJson(root, path);
  if (broken !== undefined) return broken;
  const listing = await listFolder(root, project);
  const shared = await sharedPackage(root, project, listing);
  const packageJson = shared?.packageJson ?? (await readJsonInTree(root, path));
  // Taken for absent, its sources would be served as they are.
  if (packageJson === undefined && listing.some((name) => name === 'package.json' || name === 'package.json/'))
    return fail(
      'detect_failed',
      `${path} cannot be read`,
      `Commit ${path} as a plain file of at most 4 MB that holds a JSON object.`,
    );
  return ok({ project, listing, packageJson, sharedFolder: shared?.folder });
}

/** What detection reads of the project's files. */
async function listingOf(
  root: string,
  { project, listing, packageJson }: ProjectFiles,
): Promise<Omit<Listing, 'settings'>> {
  const source = (path: string): Promise<string | undefined> => readInTree(root, pathIn(project, path), SOURCE_BYTES);
  const procfile = await readInTree(root, pathIn(project, 'Procfile'), 64 << 10);
  const packages = packageJson === undefined && listing.length === 0 ? undefined : await packagesBelow(root, project);
  const known = {
    ...(packageJson === undefined ? {} : { packageJson }),
    ...(packages === undefined ? {} : { packages }),
  };
  const start = dependenciesOf(packageJson)['next'] === undefined ? undefined : startOf(known);
  const around = start === undefined ? undefined : await customServer(start, source);
  const listens = packageJson === undefined ? undefined : await listeningServer(listing, source);
  return {
    files: listing,
    ...known,
    ...(procfile === undefined ? {} : { procfile }),
    ...(around === undefined ? {} : { customServer: around }),
    ...(listens === undefined ? {} : { listeningServer: listens }),
  };
}
