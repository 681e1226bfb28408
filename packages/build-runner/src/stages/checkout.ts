import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { parseRepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { extractTar } from '../source/extract-tar.ts';
import { fetchGit } from '../source/fetch-git.ts';
import type { FetchContext } from '../source/git-run.ts';
import { fetchLfs } from '../source/lfs.ts';
import { refusePointers } from '../source/lfs-pointer-files.ts';
import type { LfsSource } from '../source/lfs-download.ts';
import { MAX_SUBMODULES, type Listing } from '../source/listing.ts';
import { fetchSubmodules, type Parent } from '../source/submodules.ts';
import type { OutputSink } from '../session/command.ts';
import { resolveInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import type { Session } from '../session/session.ts';
import { insidePath } from '@anchor/packaging/checkout/tree-path.ts';

/** Fetches the sources of a request into the empty checkout. */
export async function fetchSources(session: Session, request: BuildRequest, sink: OutputSink): Promise<Result<void>> {
  const { options, work } = session;
  const { source, repository } = request;
  if (source.kind === 'upload') {
    const archive = await options.blobs.stream(source.blob);
    if (archive === undefined)
      return fail('source_unreachable', 'The uploaded archive no longer exists', 'Upload the folder again.');
    sink.log('Unpacking the uploaded folder', 'fetch');
    const unpacked = await extractTar(archive, work.source, { owner: work.owner });
    if (!unpacked.ok) return unpacked;
    sink.log(`${unpacked.value.files} files, ${(unpacked.value.bytes / 1048576).toFixed(1)} MB`, 'fetch');
    return refusePointers(work.source, unpacked.value.small);
  }
  sink.log(`Fetching ${source.commit.slice(0, 12)} of ${source.branch}`, 'fetch');
  const credentials = request.credentials === undefined ? {} : { credentials: request.credentials };
  const hosted = repository.kind === 'hosted' ? options.repository(request.projectId) : undefined;
  const from =
    repository.kind === 'hosted'
      ? { kind: 'directory' as const, path: options.repository(request.projectId) }
      : { kind: 'url' as const, url: repository.url, ...credentials };
  const context: FetchContext = {
    work,
    allowHosts: options.allowHosts ?? [],
    allowNetworks: options.allowNetworks ?? [],
    signal: session.signal,
    say: (line) => sink.log(line, 'fetch'),
    ...(options.trustStore === undefined ? {} : { trustStore: options.trustStore }),
    machine: {
      path: options.path ?? '/usr/local/bin:/usr/bin:/bin',
      temporary: options.temporary,
      ...(options.gitFilter === undefined ? {} : { filter: options.gitFilter }),
    },
    sandbox: (mounts, allow) => session.sandbox('f', mounts, allow),
  };
  const fetched = await fetchGit(
    { from, commit: source.commit, branch: source.branch, depth: request.settings.gitDepth ?? 1 },
    context,
  );
  if (!fetched.ok) return fetched;
  const address =
    repository.kind === 'git' ? parseRepositoryUrl(repository.url, { allowHosts: context.allowHosts }) : undefined;
  const url = address?.ok === true ? { url: address.value.url } : {};
  const lfs: LfsSource =
    hosted !== undefined
      ? { kind: 'directory', path: hosted }
      : { kind: 'url', url: url.url ?? '', branch: source.branch, ...credentials };
  return completeTree(
    context,
    '',
    fetched.value,
    { ...url, project: { ...url, ...credentials, fork: request.cache === undefined } },
    lfs,
    { left: MAX_SUBMODULES },
  );
}

/** Fetches what a checkout lacks: Git LFS files and submodules, recursively. */
async function completeTree(
  context: FetchContext,
  folder: string,
  listing: Listing,
  parent: Parent,
  lfs: LfsSource | undefined,
  budget: { left: number },
  level = 1,
): Promise<Result<void>> {
  const files = lfs === undefined ? ok(undefined) : await fetchLfs(context, folder, listing, lfs);
  if (!files.ok) return files;
  const modules = await fetchSubmodules(context, folder, listing, parent, budget, level);
  if (!modules.ok) return modules;
  for (const { path, listing: inner, parent: own, credentials } of modules.value) {
    const from: LfsSource | undefined =
      own.url === undefined
        ? undefined
        : { kind: 'url', url: own.url, ...(credentials === undefined ? {} : { credentials }) };
    const complete = await completeTree(context, path, inner, own, from, budget, level + 1);
    if (!complete.ok) return complete;
  }
  return ok(undefined);
}

/** Returns the project's folder in the checkout, '' for its root: inside the tree also through links. */
export async function projectFolder(session: Session, rootDirectory: string | undefined): Promise<Result<string>> {
  const wanted = insidePath(rootDirectory?.replace(/^\/+/, '') ?? '', 1024);
  const found = wanted === undefined ? undefined : await resolveInTree(session.work.source, wanted);
  if (found?.kind === 'directory') return ok(found.path);
  return fail(
    'detect_failed',
    `The root directory "${(rootDirectory ?? '').slice(0, 200)}" is not in the repository`,
    'Set the root directory of the project to a folder of the repository, or leave it empty.',
  );
}
