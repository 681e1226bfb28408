import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, type DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import { createFunctionClient, requestUpstream } from '../clients/function-client.ts';
import { until } from '../until.ts';

/**
 * The fixture that an adapter gives the suite: a host with idle time of at most a second, `concurrency` 2,
 * `maxInstances` 3 and a time limit of 7 seconds for requests, and functions of deployments. `healthy` responds to
 * `GET /` with "hello" and to `GET /slow` with "slow" after half a second; `broken` exits while starting.
 */
export type FunctionHostFixture = Readonly<{
  host: FunctionHost;
  healthy: DeploymentId;
  broken: DeploymentId;
  /** Returns the number of running instances of `healthy`. */
  running(): Promise<number>;
  close(): Promise<void>;
}>;

export function functionHostContract(name: string, open: () => Promise<FunctionHostFixture>): void {
  const check = (what: string, run: (fixture: FunctionHostFixture) => Promise<void>): void => {
    test(`${name}: ${what}`, { timeout: 60_000 }, async () => {
      const fixture = await open();
      try {
        await run(fixture);
      } finally {
        await fixture.close();
      }
    });
  };

  check('acquire starts an instance, and its upstream responds', async ({ host, healthy }) => {
    const lease = await host.acquire(healthy);
    assert.ok(lease.ok, JSON.stringify(lease));
    assert.equal(lease.value.upstreams.length, 1);
    assert.ok(lease.value.leaseMs > 0);
    assert.equal(lease.value.timeoutMs, 7_000, "the project's own limit");
    const response = await requestUpstream(lease.value.upstreams[0]!, '/');
    assert.deepEqual([response.status, response.body], [200, 'hello']);
  });

  check('a hundred acquires at once start one instance', async ({ host, healthy, running }) => {
    const leases = await Promise.all(Array.from({ length: 100 }, () => host.acquire(healthy)));
    const instances = new Set(
      leases.flatMap((lease) => (lease.ok ? lease.value.upstreams.map((upstream) => upstream.instance) : ['error'])),
    );
    assert.equal(instances.size, 1);
    assert.equal(await running(), 1);
  });

  check('an unknown deployment is not found, a broken one failed to start', async ({ host, broken }) => {
    const unknown = await host.acquire(newId('dpl', Date.now()));
    assert.equal(unknown.ok ? 'ok' : unknown.error.code, 'not_found');
    const failed = await host.acquire(broken);
    assert.equal(failed.ok ? 'ok' : failed.error.code, 'function_start_failed');
  });

  check(
    'an idle function is scaled to zero and is started again by the next acquire',
    async ({ host, healthy, running }) => {
      const first = await host.acquire(healthy);
      assert.ok(first.ok);
      await until('no instance runs', async () => (await running()) === 0);
      const second = await host.acquire(healthy);
      assert.ok(second.ok, JSON.stringify(second));
      assert.notEqual(second.value.upstreams[0]!.instance, first.value.upstreams[0]!.instance);
      assert.equal((await requestUpstream(second.value.upstreams[0]!, '/')).body, 'hello');
    },
  );

  check('touching keeps an instance for as long as it is used', async ({ host, healthy, running }) => {
    const lease = await host.acquire(healthy);
    assert.ok(lease.ok);
    const end = Date.now() + 3_000;
    await until('three seconds of touches', async () => {
      assert.deepEqual(await host.touch({ [healthy]: { inflight: 1 } }), []);
      return Date.now() > end;
    });
    assert.equal(await running(), 1);
    assert.equal((await requestUpstream(lease.value.upstreams[0]!, '/')).body, 'hello');
  });

  check('a touch names the deployments whose instances are gone', async ({ host, healthy }) => {
    assert.ok((await host.acquire(healthy)).ok);
    await host.stop(healthy);
    assert.deepEqual(await host.touch({ [healthy]: { inflight: 0 } }), [healthy]);
  });

  check('stop lets a response in flight end', async ({ host, healthy, running }) => {
    const lease = await host.acquire(healthy);
    assert.ok(lease.ok);
    const slow = requestUpstream(lease.value.upstreams[0]!, '/slow');
    await requestUpstream(lease.value.upstreams[0]!, '/');
    await Promise.all([host.stop(healthy), slow.then((response) => assert.equal(response.body, 'slow'))]);
    assert.equal(await running(), 0);
    assert.ok((await host.acquire(healthy)).ok);
  });

  check(
    'more requests in flight than one instance may have start further ones, never more than the limit',
    async ({ host, healthy, running }) => {
      assert.ok((await host.acquire(healthy)).ok);
      await until('three instances are handed out', async () => {
        await host.touch({ [healthy]: { inflight: 100 } });
        const lease = await host.acquire(healthy);
        assert.ok(lease.ok && lease.value.upstreams.length <= 3);
        return lease.value.upstreams.length === 3;
      });
      assert.equal(await running(), 3);
    },
  );

  check(
    'no request is lost and no lease is broken while the function is scaled to zero again and again',
    async ({ host, healthy, running }) => {
      const client = createFunctionClient(host, healthy);
      let received = 0;
      // The pauses between bursts are around the time at which the host drains, so that some bursts meet it exactly
      // then.
      for (let round = 0; round < 12 || client.seen.size < 4; round++) {
        const responses = await Promise.all(Array.from({ length: 20 }, () => client.get('/')));
        for (const response of responses) assert.equal(response.body, 'hello');
        received += responses.length;
        const end = Date.now() + 300 + (round % 6) * 120;
        await until('a pause, or scaled to zero', async () => Date.now() > end || (await running()) === 0);
      }
      client.close();
      assert.ok(received >= 240);
      assert.deepEqual(client.refusals, []);
      assert.ok(client.seen.size >= 4);
    },
  );
}
