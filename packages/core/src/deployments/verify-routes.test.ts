import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostName } from '../names/name.ts';
import type { BuildLog } from '../logs/build-log.ts';
import { must } from '@anchor/testing/samples.ts';
import { fail, ok } from '../result/result.ts';
import { textOf, verifyRoutes } from './verify-routes.ts';

const host = must(parseHostName('demo.localhost'));
type RouteStatus = number | 'nothing';

function start(statuses: Readonly<Record<string, RouteStatus | readonly RouteStatus[]>>) {
  const requested: string[] = [];
  const notes: string[] = [];
  let now = 0;
  const ports = {
    clock: { now: () => now },
    probe: {
      async request(_: string, path: string) {
        requested.push(path);
        const configured = statuses[path];
        const given = Array.isArray(configured)
          ? configured[requested.filter((one) => one === path).length - 1]
          : configured;
        if (given === 'nothing') {
          now += 10_000;
          return fail('verification_failed', 'silence', 'Wait.');
        }
        return ok({ status: Number(given), body: '<h1>Boom</h1><script>x</script>' });
      },
      settled: async () => ok(undefined),
    },
  };
  const log = { note: (text: string) => void notes.push(text) } as unknown as BuildLog;
  const verify = (checks: readonly { path: string; prerendered?: boolean }[], accepted: readonly number[] = []) =>
    verifyRoutes(ports as never)({ id: 'dpl_1', project: 'demo', host, checks, accepted }, log);
  return { verify, requested, notes };
}

test('routes that respond, redirect or refuse are fine, and the log names them', async () => {
  const { verify, notes } = start({ '/a': 200, '/b': 307, '/c': 401, '/d': 404 });
  assert.ok((await verify([{ path: '/a', prerendered: true }, { path: '/b' }, { path: '/c' }, { path: '/d' }])).ok);
  assert.match(notes[0] ?? '', /^4 of 4 routes responded: .*\/b 307/);
});

test('a server error fails with the path and the text of the page', async () => {
  const result = await start({ '/a': 200, '/shop/one': 500 }).verify([{ path: '/a' }, { path: '/shop/one' }]);
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'verification_failed');
  assert.match(result.error.message, /^\/shop\/one responded with 500$/);
  assert.equal(result.error.cause, 'Boom');
  assert.match(result.error.fix, /anchor projects update demo --health-status 200 --health-status 500/);
});

test('a page that the build rendered may not be missing', async () => {
  const result = await start({ '/docs/a': 404 }).verify([{ path: '/docs/a', prerendered: true }]);
  assert.ok(
    !result.ok && /^\/docs\/a responded with 404, but the build rendered this page$/.test(result.error.message),
  );
});

test('a status that the project accepts passes', async () => {
  assert.ok((await start({ '/a': 500 }).verify([{ path: '/a' }], [200, 500])).ok);
});

test('a response that may pass is requested once more', async () => {
  const { verify, requested } = start({ '/a': [503, 200], '/b': [502, 502] });
  const result = await verify([{ path: '/a' }, { path: '/b' }]);
  assert.ok(!result.ok && result.error.message.startsWith('/b responded with 502'));
  assert.deepEqual(requested.toSorted(), ['/a', '/a', '/b', '/b']);
});

test('a page that does not respond in time is not checked, and all of them together are bounded', async () => {
  const paths = Array.from({ length: 24 }, (_, i) => `/slow-${i}`);
  const { verify, requested, notes } = start(Object.fromEntries(paths.map((path) => [path, 'nothing' as const])));
  assert.ok((await verify(paths.map((path) => ({ path })))).ok);
  assert.ok(requested.length < 8, `${requested.length} requests`);
  assert.deepEqual(notes, []);
});

test('the text of an error page is what a browser shows, in time that grows with its length alone', () => {
  assert.equal(
    textOf('<style>a{}</style><h1>Oops</h1>\n <SCRIPT>x < 1</script>see <a href="/">home</a>'),
    'Oops see home',
  );
  assert.equal(textOf('<script>never closed'), 'never closed');
  assert.equal(textOf('a < b'), 'a < b');
  assert.equal(textOf('<p></p>'), undefined);
  const before = process.threadCpuUsage();
  for (const piece of ['<', '<script', '<style>x', '</script', ' ']) textOf(piece.repeat(200_000));
  const { user, system } = process.threadCpuUsage(before);
  assert.ok(user + system < 5_000_000, `${user + system} µs`);
});
