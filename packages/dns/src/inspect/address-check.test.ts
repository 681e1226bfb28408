import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import type { AddressCheck } from '@anchor/core/ports/dns-lookup.ts';
import type { DomainName } from '@anchor/core/names/name.ts';
import { checkAddress, type AddressCheckSettings } from './address-check.ts';

const TOKEN = 'our-own-token';
const CHECK = { name: 'shop.test' as DomainName, path: '/.well-known/anchor-check/1', token: TOKEN };
const ADDRESS = '127.0.0.1';

type Outcome = Readonly<{ check: AddressCheck; requests: readonly string[] }>;

/** Tries an address at which a server writes what `respond` returns for each request. */
async function tried(
  respond: (count: number) => string | Buffer | undefined,
  changes: Partial<AddressCheckSettings> = {},
): Promise<Outcome> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      requests.push(bytes.toString());
      const reply = respond(requests.length);
      if (reply !== undefined) socket.end(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
  const { port } = server.address() as { port: number };
  const settings = { httpPort: port, httpsPort: port, timeoutMs: 2000, mayContact: () => true, ...changes };
  const check = await checkAddress(ADDRESS, CHECK, settings);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  return { check, requests };
}
const response = (status: number, body: string, ...headers: readonly string[]): string =>
  [`HTTP/1.1 ${status} x`, ...headers, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');

test('our token at the path and the name is ours', async () => {
  const { check, requests } = await tried(() => response(200, `${TOKEN}\n`, 'server: anchor'));
  assert.deepEqual(check, { address: ADDRESS, outcome: 'ours', status: 200, server: 'anchor' });
  assert.match(requests[0] ?? '', /^GET \/\.well-known\/anchor-check\/1 HTTP\/1\.1\r\nhost: shop\.test\r\n/i);
});

test('another body, another status and more than 4 KB around the token are another server', async () => {
  for (const reply of [response(200, 'x'), response(404, TOKEN), response(200, TOKEN + ' '.repeat(5000) + 'x')])
    assert.equal((await tried(() => reply)).check.outcome, reply.includes(' '.repeat(5000)) ? 'ours' : 'other');
});

test('what is no HTTP is another server, and is survived', async () => {
  const replies = [
    '',
    'SSH-2.0-OpenSSH\r\n',
    Buffer.alloc(70_000, 0xff),
    `HTTP/1.1 200 x\r\n${'a: b\r\n'.repeat(20_000)}\r\n`,
  ];
  for (const reply of replies) assert.equal((await tried(() => reply)).check.outcome, 'other');
  const endless = `HTTP/1.1 200 x\r\n\r\n${'x'.repeat(1_000_000)}`;
  assert.equal((await tried(() => endless)).check.outcome, 'other');
});

test('a server that says nothing is a timeout, and one that is not there is refused', async () => {
  assert.equal((await tried(() => undefined, { timeoutMs: 100 })).check.outcome, 'timeout');
  const { check } = await tried(() => '', { httpPort: 1 });
  assert.equal(check.outcome, 'refused');
});

test('a redirect to the same name is followed, at the same address', async () => {
  const { check, requests } = await tried((count) =>
    count === 1 ? response(302, '', 'location: http://shop.test/elsewhere?a=1') : response(200, TOKEN),
  );
  assert.equal(check.outcome, 'ours');
  assert.match(requests[1] ?? '', /^GET \/elsewhere\?a=1 /);
});

test('a redirect to another name, port or protocol is reported and not followed', async () => {
  const targets = [
    'http://169.254.169.254/',
    'http://shop.test:6379/',
    'http://localhost/',
    'file:///etc/passwd',
    'gopher://shop.test/',
    '//evil.test/',
  ];
  for (const target of targets) {
    const { check, requests } = await tried(() => response(301, '', `location: ${target}`));
    assert.deepEqual([check.outcome, check.location, requests.length], ['redirected', target, 1]);
  }
});

test('redirects without end are cut off', async () => {
  const { check, requests } = await tried(() => response(301, '', 'location: /again'));
  assert.deepEqual([check.outcome, requests.length], ['redirected', 4]);
});

test('a private address that is not our own is not contacted', async () => {
  const { check, requests } = await tried(() => response(200, TOKEN), { mayContact: () => false });
  assert.deepEqual([check, requests], [{ address: ADDRESS, outcome: 'private' }, []]);
});

test('headers are shown short and printable, and name a CDN', async () => {
  const { check } = await tried(() => response(200, 'x', `server: cloudflare${'\u00e9'.repeat(300)}`, 'cf-ray: 1'));
  assert.equal(check.cdn, 'Cloudflare');
  assert.equal(check.server?.length, 200);
  assert.match(check.server ?? '', /^cloudflare·+$/);
});
