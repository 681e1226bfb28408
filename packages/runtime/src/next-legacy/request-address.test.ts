import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { addressOf, enterAddress, withAddresses } from './request-address.ts';

test('the address is the one that the client requested', () => {
  assert.deepEqual(
    addressOf({ host: 'internal:3000', 'x-forwarded-host': 'shop.example', 'x-forwarded-proto': 'https' }),
    { hostname: 'shop.example', port: 443 },
  );
  assert.deepEqual(addressOf({ host: 'shop.localhost:8080' }), { hostname: 'shop.localhost', port: 8080 });
  assert.deepEqual(addressOf({ host: '[::1]:8080', 'x-forwarded-proto': 'http' }), { hostname: '::1', port: 8080 });
  assert.deepEqual(
    addressOf({ host: 'a.example', 'x-forwarded-host': 'b.example, c.example', 'x-forwarded-proto': 'https, http' }),
    { hostname: 'b.example', port: 443 },
  );
  for (const host of ['', 'not a host']) assert.equal(addressOf({ host }), undefined, host);
});

test('a server follows the request, and has its own address outside of one', async () => {
  class Server {
    fetchHostname = '0.0.0.0';
    port = 3000;
  }
  const { default: Addressed } = withAddresses('./next-server', { default: Server }, () => '15.5.29') as {
    default: typeof Server;
  };
  const server = new Addressed();
  assert.deepEqual([server.fetchHostname, server.port], ['0.0.0.0', 3000]);
  await Promise.all(
    ['one.example', 'two.example:81'].map(async (host) => {
      await Promise.resolve();
      enterAddress({ headers: { host } } as unknown as IncomingMessage);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(`${server.fetchHostname}:${server.port}`, host.includes(':') ? host : `${host}:80`);
    }),
  );
  assert.ok(server instanceof Server);
});

test('routes are resolved with the address of the request; other modules stay as they are', async () => {
  const getResolveRoutes = (_checker: unknown, _config: unknown, options: { hostname: string; port: number }) => () =>
    `${options.hostname}:${options.port}`;
  const changed = withAddresses('./router-utils/resolve-routes', { getResolveRoutes }, () => '15.5.29') as {
    getResolveRoutes: typeof getResolveRoutes;
  };
  const resolve = changed.getResolveRoutes({}, {}, { dir: '/app', hostname: '0.0.0.0', port: 3000 } as never);
  assert.equal(resolve(), '0.0.0.0:3000');
  await (async () => {
    enterAddress({ headers: { host: 'shop.example:81' } } as IncomingMessage);
    assert.equal(resolve(), 'shop.example:81');
  })();
  const other = { default: 1 };
  assert.equal(
    withAddresses('./base-server', other, () => undefined),
    other,
  );
});

test('Next 13, which takes any x-forwarded-proto for HTTPS, gets that scheme alone', () => {
  const seen = (version: string, scheme: string): unknown => {
    const getResolveRoutes =
      () =>
      ({ req }: { req: { headers: Record<string, string> } }) =>
        req.headers['x-forwarded-proto'];
    const changed = withAddresses('./resolve-routes', { getResolveRoutes }, () => version) as {
      getResolveRoutes: typeof getResolveRoutes;
    };
    return changed.getResolveRoutes()({ req: { headers: { 'x-forwarded-proto': scheme } } });
  };
  assert.deepEqual(
    [seen('13.5.11', 'http'), seen('13.5.11', 'https'), seen('15.5.29', 'http')],
    [undefined, 'https', 'http'],
  );
});
