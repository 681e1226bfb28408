import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { openServer } from '../fixtures/open-server.ts';
import { checkHost } from './host.ts';

test('addresses, localhost and allowed names are taken, whatever their port and case', () => {
  for (const host of [
    '127.0.0.1:7400',
    '[::1]:7400',
    '192.168.3.4',
    'localhost',
    'LOCALHOST:7400',
    'localhost.',
    'api.example.com',
    'API.example.com:443',
  ])
    assert.ok(checkHost(host, ['Api.Example.com']).ok, host);
  const refused: readonly (string | undefined)[] = [
    'attacker.example',
    'attacker.example:7400',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    'demo.localhost:7400',
    'example.com',
    '',
    '[attacker]',
    undefined,
  ];
  for (const host of refused) assert.equal(checkHost(host, ['api.example.com']).ok, false, host ?? 'none');
});

test('a name that was pointed at this machine does not reach the API, and the line of a refused request names its token', async (t) => {
  const lines: { status: number; tokenId?: string }[] = [];
  const { port, admin, token, project, url } = await openServer(t, { access: (line) => lines.push(line) });
  const statusFor = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request(
        { host: '127.0.0.1', port, path: '/api/projects', headers: { host, authorization: `Bearer ${admin}` } },
        (response) => {
          response.resume();
          response.once('end', () => resolve(response.statusCode ?? 0));
        },
      )
        .once('error', reject)
        .end();
    });
  assert.equal(await statusFor('attacker.example'), 403);
  assert.equal(await statusFor(`127.0.0.1:${port}`), 200);

  const { project: mine } = await project('mine');
  const { project: theirs } = await project('theirs');
  const bound = await token('read', mine.id);
  for (const [path, status] of [
    ['/api/tokens', 403],
    [`/api/projects/${theirs.id}`, 404],
  ] as const) {
    lines.length = 0;
    assert.equal((await fetch(url + path, { headers: { authorization: `Bearer ${bound}` } })).status, status);
    await new Promise((resolve) => setImmediate(resolve));
    assert.match(lines.at(-1)?.tokenId ?? '', /^tok_/, path);
  }
});
