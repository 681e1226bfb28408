import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostName } from '@anchor/core/names/name.ts';
import type { EdgeProbe } from '@anchor/core/ports/edge-probe.ts';
import { using, type Harness } from '../harness.ts';
import { must } from '../samples.ts';

/** What an edge serves at a host; `silent` accepts the request and never responds. */
export type Served = Readonly<{
  deploymentId: string;
  respond: (path: string) => Readonly<{ status: number; body: string }> | 'silent';
}>;
/**
 * `serve` changes what the edge behind the probe serves from now on; `away` ends that edge, as if its machine had gone.
 */
export type EdgeProbeHarness = Harness<EdgeProbe> &
  Readonly<{ serve(host: HostName, served: Served): void; away(): Promise<void> }>;

const HOST = 'app.localhost' as HostName;
const SOON_MS = 200;
const ENOUGH_MS = 5_000;

export function edgeProbeContract(name: string, make: () => Promise<EdgeProbeHarness>): void {
  const says = (body: string, status = 200, deploymentId = 'dpl_1'): Served => ({
    deploymentId,
    respond: () => ({ status, body }),
  });

  test(
    `${name}: a request gets what the edge serves at that host and path`,
    using(make, async ({ subject, serve }) => {
      serve(HOST, {
        deploymentId: 'dpl_1',
        respond: (path) => ({ status: path === '/gone' ? 410 : 200, body: `one ${path}` }),
      });
      serve('other.localhost' as HostName, says('two'));
      assert.deepEqual(must(await subject.request(HOST, '/health?x=1', ENOUGH_MS)), {
        status: 200,
        body: 'one /health?x=1',
      });
      assert.deepEqual(must(await subject.request(HOST, '/gone', ENOUGH_MS)), { status: 410, body: 'one /gone' });
      assert.equal(must(await subject.request('other.localhost' as HostName, '/', ENOUGH_MS)).body, 'two');
    }),
  );

  test(
    `${name}: any status is a response, and redirects are not followed`,
    using(make, async ({ subject, serve }) => {
      for (const status of [200, 204, 301, 307, 404, 500, 503]) {
        serve(HOST, says('', status));
        assert.equal(must(await subject.request(HOST, '/', ENOUGH_MS)).status, status);
      }
    }),
  );

  test(
    `${name}: of a long response the first 4 KiB are returned`,
    using(make, async ({ subject, serve }) => {
      serve(HOST, says('x'.repeat(1_000_000)));
      assert.equal(must(await subject.request(HOST, '/', ENOUGH_MS)).body, 'x'.repeat(4_096));
    }),
  );

  test(
    `${name}: an edge that is silent for the time given is an error`,
    using(make, async ({ subject, serve }) => {
      serve(HOST, { deploymentId: 'dpl_1', respond: () => 'silent' });
      const result = await subject.request(HOST, '/', SOON_MS);
      assert.ok(!result.ok && result.error.fix.length > 0);
      assert.equal(result.error.code, 'verification_failed');
    }),
  );

  test(
    `${name}: the wait ends when the edge serves the deployment, also when that comes a moment later`,
    using(make, async ({ subject, serve }) => {
      serve(HOST, says('', 200, 'dpl_1'));
      assert.ok((await subject.waitUntilServing(HOST, 'dpl_1', ENOUGH_MS)).ok);
      const settled = subject.waitUntilServing(HOST, 'dpl_2', ENOUGH_MS);
      setTimeout(() => serve(HOST, says('', 200, 'dpl_2')), 30);
      assert.ok((await settled).ok);
    }),
  );

  test(
    `${name}: an edge that goes on with another deployment, or with none, is an error after the time`,
    using(make, async ({ subject, serve }) => {
      serve(HOST, says('', 200, 'dpl_1'));
      for (const host of [HOST, 'nobody.localhost' as HostName]) {
        const settled = await subject.waitUntilServing(host, 'dpl_2', SOON_MS);
        assert.ok(!settled.ok && settled.error.fix.length > 0);
        assert.equal(settled.error.code, 'verification_failed');
      }
    }),
  );

  test(
    `${name}: an edge that is away is an error, never thrown`,
    using(make, async ({ subject, serve, away }) => {
      serve(HOST, says(''));
      await away();
      assert.equal((await subject.request(HOST, '/', SOON_MS)).ok, false);
      assert.equal((await subject.waitUntilServing(HOST, 'dpl_1', SOON_MS)).ok, false);
    }),
  );
}
