import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { summarize } from '@anchor/core/metrics/request-counts.ts';
import { EdgeMetrics } from './edge-metrics.ts';

/** Workers that respond with `replies`, in the order of their sockets. */
async function workers(t: TestContext, replies: readonly (() => string)[]) {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const paths: string[] = [];
  const sockets = replies.map((_, worker) => join(directory, `edge-${worker}.sock`));
  for (const [worker, reply] of replies.entries()) {
    const server = createServer((request, response) => {
      paths.push(request.url ?? '');
      response.end(reply());
    });
    await new Promise<void>((resolve) => server.listen(sockets[worker], resolve));
    t.after(() => server.close());
  }
  return { sockets, paths };
}
const replyOf = (instance: string, until: number, ...seconds: readonly number[]): string =>
  JSON.stringify({ instance, until, rows: seconds.map((second) => [second, 'dpl_a', [1, 2]]) });

test('a worker that cannot be read costs no counts of the others, and is reported once', async (t) => {
  let second = 0;
  const { sockets } = await workers(t, [
    () => '{"error":"not found"}',
    () => replyOf('i', ++second, second),
    () => 'no JSON',
  ]);
  const reports: string[] = [];
  const metrics = new EdgeMetrics(
    () => [...sockets, '/nowhere/edge.sock'],
    (problem) => reports.push(problem),
  );
  for (const at of [1_000, 2_000]) {
    const rows = await metrics.read();
    assert.deepEqual(
      rows.map((row) => [row.at, summarize(row.counts).requests]),
      [[at, 2]],
    );
  }
  assert.equal(reports.length, 2);
});

test('what was read is acknowledged with its instance, and is not returned twice', async (t) => {
  const { sockets, paths } = await workers(t, [() => replyOf('one', 7, 6, 7)]);
  const metrics = new EdgeMetrics(
    () => sockets,
    (problem) => assert.fail(problem),
  );
  assert.equal((await metrics.read()).length, 2);
  assert.equal((await metrics.read()).length, 0);
  await metrics.acknowledge();
  assert.deepEqual(paths, ['/metrics?after=0', '/metrics?after=7&instance=one', '/metrics?after=7&instance=one']);
});
