import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachePosition, countRequest, emptyCounts, statusPosition } from '@anchor/core/metrics/request-counts.ts';
import { loggedIn } from './fixtures/logged-in.ts';
import { sparkline } from './output/sparkline.ts';

test('metrics lists projects, and shows the course of one', async (context) => {
  const { anchor, server } = await loggedIn(context);
  const none = await anchor(['metrics']);
  assert.equal(none.stdout, 'No requests in this time.\n', none.stderr);
  const { project } = await server.project('metered');
  const counts = emptyCounts();
  for (let i = 0; i < 1_000; i++)
    countRequest(
      counts,
      statusPosition(i === 0 ? 500 : 200),
      cachePosition(i < 900 ? 'HIT' : 'DYNAMIC'),
      1_024,
      i < 900 ? 1 : 300,
    );
  server.metrics.add(project.id, Date.now() - 120_000, counts);
  const list = await anchor(['metrics', '--since', '15m']);
  assert.match(
    list.stdout,
    /^project +requests +server errors +client errors +without a function +sent +p50 +p95 +p99$/im,
  );
  assert.match(
    list.stdout,
    /^metered +1,000 +1 \(0\.1 %\) +0 +900 \(90\.0 %\) +1000\.0 KiB +\d\.\d ms +\d{3} ms +\d{3} ms$/m,
  );
  const one = await anchor(['metrics', '--of', 'metered', '--since', '24h']);
  assert.match(one.stdout, /^requests +█$/m);
  assert.match(one.stdout, /by minute, \d{4}-\d\d-\d\d \d\d:\d\d to /);
  const data = JSON.parse((await anchor(['metrics', '--of', 'metered', '--json'])).stdout) as {
    total: { requests: number };
  };
  assert.equal(data.total.requests, 1_000);
  const wrong = await anchor(['metrics', '--since', 'yesterday']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /"yesterday" is no time[\s\S]*fix: Write 15m, 1h, 24h or 7d/);
});

test('a line of bars is as high as its largest number, and has none where there is nothing', () => {
  assert.equal(sparkline([1, 0, 8, 4, 0]), '▁ █▄');
  assert.equal(sparkline([0, 0]), '');
  assert.equal(sparkline([]), '');
});
