import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { extractTar, insidePath } from '../source/extract-tar.ts';
import { fetchGit } from '../source/fetch-git.ts';
import type { OutputSink } from './command.ts';
import { findInside } from './inside.ts';
import type { Session } from './session.ts';

/** Brings the sources of a request into the empty checkout. */
export async function bringSources(session: Session, request: BuildRequest, sink: OutputSink): Promise<Result<void>> {
  const { options, work } = session;
  const { source, repository } = request;
  if (source.kind === 'upload') {
    const archive = await options.blobs.stream(source.blob);
    if (archive === undefined) return fail('source_unreachable', 'The uploaded archive is gone', 'Upload the folder again.');
    sink.say('Unpacking the uploaded folder', 'fetch');
    const unpacked = await extractTar(archive, work.source, { owner: work.owner });
    if (!unpacked.ok) return unpacked;
    sink.say(`${unpacked.value.files} files, ${(unpacked.value.bytes / 1048576).toFixed(1)} MB`, 'fetch');
    return ok(undefined);
  }
  sink.say(`Fetching ${source.commit.slice(0, 12)} of ${source.branch}`, 'fetch');
  return fetchGit(
    {
      from: repository.kind === 'hosted' ? { kind: 'directory', path: options.repository(request.projectId) } : { kind: 'url', url: repository.url, ...(request.credentials === undefined ? {} : { credentials: request.credentials }) },
      commit: source.commit, branch: source.branch,
    },
    {
      work, allowHosts: options.allowHosts ?? [], signal: session.signal, ...(options.trustStore === undefined ? {} : { trustStore: options.trustStore }),
      machine: { path: options.path ?? '/usr/local/bin:/usr/bin:/bin', temporary: options.temporary },
      sandbox: (mounts, allow) => session.sandbox('f', mounts, allow),
    },
  );
}

/** The project's folder in the checkout, '' for its root: inside the tree also through links. */
export async function projectFolder(session: Session, rootDirectory: string | undefined): Promise<Result<string>> {
  const wanted = insidePath(rootDirectory?.replace(/^\/+/, '') ?? '', 1024);
  const found = wanted === undefined ? undefined : await findInside(session.work.source, wanted);
  if (found?.kind === 'directory') return ok(found.path);
  return fail('detect_failed', `The root directory "${(rootDirectory ?? '').slice(0, 200)}" is not in the repository`, 'Set the root directory of the project to a folder of the repository, or leave it empty.');
}
