import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Service } from '../process/service-process.ts';

export type GitRequest = Readonly<{ project: string; service: Service; advertise: boolean }>;

/** Parses a request to /git/…; undefined when it is none of smart HTTP's three. */
export function parseGitRequest(method: string | undefined, url: string): GitRequest | undefined {
  const { pathname, searchParams } = new URL(url, 'http://git');
  const match = /^\/git\/([a-z0-9_-]{1,64})(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(pathname);
  const [, project, what] = match ?? [];
  if (project === undefined) return undefined;
  if (what === 'info/refs') {
    const service = searchParams.get('service');
    return method === 'GET' && (service === 'git-upload-pack' || service === 'git-receive-pack')
      ? { project, service, advertise: true }
      : undefined;
  }
  return method === 'POST' && (what === 'git-upload-pack' || what === 'git-receive-pack')
    ? { project, service: what, advertise: false }
    : undefined;
}

/**
 * Returns the request's bytes, decompressed where git compressed them; undefined for an encoding that git does not use.
 */
export function bodyOf(request: IncomingMessage): Readable | undefined {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return request;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return undefined;
  const gunzip = createGunzip();
  request.once('error', (error) => gunzip.destroy(error));
  request.once('close', () => {
    if (!request.complete) gunzip.destroy(new Error('the sender went away'));
  });
  return request.pipe(gunzip);
}
