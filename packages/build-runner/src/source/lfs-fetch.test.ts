import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';

const PROGRAM = fileURLToPath(new URL('lfs-fetch.mjs', import.meta.url));
const FILES = ['a', 'b', 'c'] as const;
type File = (typeof FILES)[number];
const oidOf = (file: string): string => createHash('sha256').update(file).digest('hex');

type Outcome = Readonly<{
  report: Readonly<{ missing?: readonly string[]; error?: string; status?: number }>;
  /** How often each file was requested; "batch" counts the batches. */
  requests: Readonly<Record<string, number>>;
  files: readonly string[];
}>;

/** Downloads three files from a Git LFS server that responds for each as told. */
async function download(
  t: TestContext,
  respond: (file: File, response: ServerResponse, nth: number) => void,
  batch?: (response: ServerResponse) => void,
): Promise<Outcome> {
  const requests: Record<string, number> = {};
  const count = (name: string): number => (requests[name] = (requests[name] ?? 0) + 1);
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const file = FILES.find((each) => request.url?.endsWith(oidOf(each)));
    if (file !== undefined) return respond(file, response, count(file));
    count('batch');
    if (batch !== undefined) return batch(response);
    const href = (oid: string) => ({ download: { href: `http://${request.headers.host}/objects/${oid}` } });
    const objects = FILES.map((each) => ({ oid: oidOf(each), size: 1, actions: href(oidOf(each)) }));
    response.end(JSON.stringify({ objects }));
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const directory = await temporaryDirectory();
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await directory.remove();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  child.stdin.end(
    JSON.stringify({
      api: `http://127.0.0.1:${port}/lfs`,
      objects: FILES.map((file) => ({ oid: oidOf(file), size: 1 })),
      sameHost: true,
      directory: directory.path,
    }),
  );
  const [report] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { report: JSON.parse(report), requests, files: await readdir(directory.path) };
}

test('a file that the host does not have is named after one request, and the others are fetched', async (t) => {
  for (const status of [404, 410]) {
    const { report, requests, files } = await download(t, (file, response) =>
      file === 'b' ? void response.writeHead(status).end() : void response.end(file),
    );
    assert.deepEqual(report, { missing: [oidOf('b')] });
    assert.deepEqual(requests, { batch: 1, a: 1, b: 1, c: 1 });
    assert.deepEqual(files.toSorted(), [oidOf('a'), oidOf('c')].toSorted());
  }
});

test('a refusal is final at once, also beside a download that stalls', { timeout: 30_000 }, async (t) => {
  const { report, requests } = await download(t, (file, response) => {
    if (file === 'a') response.writeHead(403).end();
    // The others never get a response.
  });
  assert.equal(report.status, 403);
  assert.equal(requests['a'], 1);
});

test('overload and a broken connection are retried, three times at most', async (t) => {
  const passing = await download(t, (file, response, nth) => {
    if (nth > 1) response.end(file);
    else if (file === 'a') response.writeHead(429, { 'retry-after': '0' }).end();
    else if (file === 'b') response.writeHead(503, { 'retry-after': '0' }).end();
    else response.destroy();
  });
  assert.deepEqual(passing.report, { missing: [] });
  assert.deepEqual(passing.requests, { batch: 1, a: 2, b: 2, c: 2 });
  const failing = await download(t, (file, response) =>
    file === 'a' ? void response.writeHead(500, { 'retry-after': '0' }).end() : void response.end(file),
  );
  assert.equal(failing.report.status, 500);
  assert.equal(failing.requests['a'], 3);
});

test('a pause longer than the limit of all attempts is not waited for', { timeout: 30_000 }, async (t) => {
  const { report, requests } = await download(
    t,
    () => undefined,
    (response) => response.writeHead(429, { 'retry-after': '86400' }).end(),
  );
  assert.equal(report.status, 429);
  assert.equal(requests['batch'], 1);
});

test('other content, and a batch that is no JSON, are final at once', async (t) => {
  const other = await download(t, (_file, response) => response.end('x'));
  assert.match(other.report.error ?? '', /arrived with other content/);
  assert.ok(Object.values(other.requests).every((times) => times === 1));
  const page = await download(
    t,
    () => undefined,
    (response) => response.end('<html>'),
  );
  assert.match(page.report.error ?? '', /did not respond with JSON/);
  assert.equal(page.requests['batch'], 1);
});
