/**
 * Partial prerendering: a shell that is the same for all clients comes at once, each client's own part after it, in one
 * response.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import { stream } from '../client.ts';
import { requestInParts, type Gates } from '../gates.ts';
import type { Site } from '../site.ts';
import { revalidate } from './purges.ts';
import { shown } from './render.ts';
import { requestEveryWorker } from './workers.ts';

export function declareShell(site: () => Site, gates: () => Gates, phase: string): void {
  const at = () => ({ port: site().platform.edgePort, host: site().host });
  /** No such word is in a page by itself. */
  const cookie = (name: string): Record<string, string> => ({ cookie: `name=${name}` });

  /** Each worker requests a new shell after the first request that it had none for. */
  const everywhere = async (): Promise<void> => {
    let seen: readonly unknown[] = [];
    await eventually(
      async () => {
        const responses = await requestEveryWorker(site(), '/shell');
        seen = responses.map(({ status, headers, body }) => [status, headers['x-anchor-cache'], shown(body, 'kept')]);
        return responses.every(({ headers }) => headers['x-anchor-cache'] === 'HIT');
      },
      30_000,
      () => `the shell never came from every worker: ${JSON.stringify(seen)}`,
    );
  };

  test('the shell comes at once, the part for one client follows in the same response', async () => {
    await everywhere();
    const response = await requestInParts(gates(), site(), '/shell', ['The shell', 'visitor-ada'], {
      headers: cookie('visitor-ada'),
    });
    assert.equal(response.status, 200);
    assert.match(response.text, /own=(?:<!-- -->)?visitor-ada/);
    assert.ok(response.text.endsWith('</html>'));
    assert.equal(response.headers['cache-control'], 'private, no-cache, no-store, max-age=0, must-revalidate');
    assert.equal(response.headers['x-anchor-cache'], 'HIT');
    assert.equal(response.headers['x-nextjs-postponed'], '1');
    assert.equal(response.headers['etag'], undefined);
  });

  test("what is in the shell is the same for all, what is not is each visitor's", async () => {
    const [one, two] = await Promise.all(
      ['visitor-one', 'visitor-two'].map((name) => stream(at(), '/shell', { headers: cookie(name) })),
    );
    assert.ok(one !== undefined && two !== undefined);
    assert.equal(shown(one.text, 'kept'), shown(two.text, 'kept'));
    assert.ok(
      one.text.includes('visitor-one') && two.text.includes('visitor-two') && !two.text.includes('>visitor-one'),
    );
    assert.notEqual(shown(one.text), shown(two.text));
  });

  test('prefetches of such a page come from the edge, a navigation from the function', async () => {
    const prefetch = { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' };
    const tree = await site().request('/shell?_rsc=abc', { headers: prefetch });
    assert.deepEqual(
      [tree.status, tree.headers['x-nextjs-postponed'], tree.headers['x-anchor-cache']],
      [200, '2', 'HIT'],
    );
    const navigation = await site().request('/shell?_rsc=abc', {
      headers: { rsc: '1', ...cookie('visitor-navigator') },
    });
    assert.deepEqual([navigation.status, navigation.headers['x-anchor-cache']], [200, 'DYNAMIC']);
    assert.match(navigation.body, /visitor-navigator/);
  });

  test('a robot that needs the head to be whole gets the page from the function', async () => {
    const response = await site().request('/shell', {
      headers: { 'user-agent': 'Twitterbot/1.0', ...cookie('visitor-robot') },
    });
    assert.equal(response.headers['x-anchor-cache'], 'DYNAMIC');
    assert.match(response.body, /own=(?:<!-- -->)?visitor-robot/);
  });

  test('a part that fails on the server is reported to the client, as next start does', async () => {
    const response = await stream(at(), '/shell', { headers: cookie('fails') });
    assert.match(response.text, /data-dgst=|\$RX\(/);
  });

  test("a shell whose data was invalidated is never sent again, on no worker, and its successor is the edge's soon", async () => {
    const old = shown((await site().request('/shell')).body, 'kept');
    await revalidate(site(), { tag: 'shell' });
    for (const response of await requestEveryWorker(site(), '/shell'))
      assert.notEqual(shown(response.body, 'kept'), old);
    await everywhere();
    const cachedShells = new Set((await requestEveryWorker(site(), '/shell')).map(({ body }) => shown(body, 'kept')));
    assert.ok(cachedShells.size === 1 && !cachedShells.has(old), JSON.stringify([...cachedShells]));
    const received = await requestInParts(gates(), site(), '/shell', ['The shell', 'visitor-after'], {
      headers: cookie('visitor-after'),
    });
    assert.ok(received.text.endsWith('</html>'));
  });

  test('with a profile the old shell is sent once more, marked as stale', async () => {
    await everywhere();
    const old = shown((await site().request('/shell')).body, 'kept');
    await revalidate(site(), { tag: 'shell', profile: 'max' });
    const first = await site().request('/shell', { headers: cookie('visitor-late') });
    assert.deepEqual([shown(first.body, 'kept'), first.headers['x-anchor-cache']], [old, 'STALE']);
    assert.match(first.body, /own=(?:<!-- -->)?visitor-late/);
    await eventually(
      async () => shown((await site().request('/shell')).body, 'kept') !== old,
      30_000,
      () => 'it was never revalidated',
    );
  });

  test('a shell comes at once while no process of the site runs', async () => {
    await everywhere();
    await site().toZero();
    // The function host, which starts processes, is stopped until the shell was seen.
    const host = site().platform.pid('host') ?? assert.fail('no host');
    process.kill(host, 'SIGSTOP');
    try {
      const response = await stream(at(), '/shell', {
        headers: cookie('visitor-zero'),
        signal: AbortSignal.timeout(60_000),
        leaveWhen(text) {
          if (text.includes('The shell')) process.kill(host, 'SIGCONT');
          return false;
        },
      });
      assert.equal(response.headers['x-anchor-cache'], 'HIT');
      assert.match(response.text, /own=(?:<!-- -->)?visitor-zero/);
    } finally {
      process.kill(host, 'SIGCONT');
    }
  });

  test("a page of a dynamic route has its own data and each visitor's", async () => {
    for (const id of ['built', `asked-${phase.length}`]) {
      const first = await site().request(`/items/${id}`, { headers: cookie('visitor-eve') });
      assert.equal(first.status, 200);
      assert.match(first.body, new RegExp(`${id}:`));
      assert.match(first.body, /own=(?:<!-- -->)?visitor-eve/);
      const item = new RegExp(`${id}:([a-z0-9]+)`).exec(first.body)?.[1];
      const second = await site().request(`/items/${id}`, { headers: cookie('visitor-bob') });
      assert.equal(new RegExp(`${id}:([a-z0-9]+)`).exec(second.body)?.[1], item);
      assert.match(second.body, /own=(?:<!-- -->)?visitor-bob/);
    }
  });
}
