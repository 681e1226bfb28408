import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export type GitHost = Readonly<{
  server: Server;
  port: number;
  /** The path of each request, and its authorization. */
  requests: {
    path: string;
    authorization: string | undefined;
  }[];
  close(): void;
}>;

/**
 * Starts a git host for tests: git's own smart HTTP behind a password, for paths below /private, and `other` before it.
 */
export async function openGitHost(
  options: Readonly<{
    root: string;
    password?: string;
    address?: string;
    other?: (request: IncomingMessage, response: ServerResponse) => boolean;
  }>,
): Promise<GitHost> {
  const requests: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const { authorization } = request.headers;
    requests.push({ path: url.pathname, authorization });
    if (
      options.password !== undefined &&
      authorization !== `Basic ${Buffer.from(options.password).toString('base64')}`
    ) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return;
    }
    if (options.other?.(request, response) !== true) backend(options.root, url, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, options.address ?? '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    server,
    requests,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Responds as git's smart HTTP for the repositories below `root`. */
export function backend(root: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
    },
  });
  request.pipe(child.stdin);
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.on('close', () => {
    const all = Buffer.concat(parts);
    const end = all.indexOf('\r\n\r\n');
    const headers = all
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
    response
      .writeHead(status, Object.fromEntries(headers.filter(([name]) => name !== 'Status')))
      .end(all.subarray(end + 4));
  });
}
