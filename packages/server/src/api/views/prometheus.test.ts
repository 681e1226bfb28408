import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachePosition, countRequest, emptyCounts, statusPosition } from '@anchor/core/metrics/request-counts.ts';
import { newId } from '@anchor/core/names/id.ts';
import { requestMetricFamilies } from '@anchor/core/metrics/request-metric-families.ts';
import { prometheusText } from './prometheus.ts';

/** A line of the format: name, labels, value; or a comment with help or type. */
const LINE =
  /^(?:# (?:HELP [a-z_]+ .+|TYPE [a-z_]+ (?:counter|gauge|histogram))|[a-z_]+(?:\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? [0-9.e+]+)$/;

test('the text has counters, a histogram whose buckets only grow, and gauges, each line in the format', () => {
  const counts = emptyCounts();
  for (const ms of [0.2, 3, 40, 700, 99_000])
    countRequest(counts, statusPosition(ms > 500 ? 500 : 200), cachePosition('DYNAMIC'), 10, ms);
  const names = new Map([
    [newId('prj', 1), 'shop'],
    [newId('prj', 2), 'a"b\\c'],
  ]);
  const [first = newId('prj', 3), second = newId('prj', 3)] = names.keys();
  const text = prometheusText([
    ...requestMetricFamilies(
      new Map([
        [first, counts],
        [second, emptyCounts()],
        [newId('prj', 4), counts],
      ]),
      (id) => names.get(id),
    ),
    { name: 'anchor_disk_free_bytes', help: 'Free.', type: 'gauge', samples: [{ labels: {}, value: 12 }] },
    { name: 'anchor_nothing', help: 'Nothing.', type: 'counter', samples: [] },
  ]);
  assert.ok(text.endsWith('\n'));
  const lines = text.trimEnd().split('\n');
  for (const line of lines) assert.match(line, LINE);
  assert.ok(lines.includes('anchor_requests_total{project="shop",code="2xx"} 3'), text);
  assert.ok(lines.includes('anchor_requests_total{project="shop",code="5xx"} 2'));
  assert.ok(lines.includes('anchor_request_duration_seconds_count{project="shop"} 5'));
  assert.ok(lines.includes('anchor_request_duration_seconds_sum{project="shop"} 99.743'));
  assert.ok(lines.includes('anchor_disk_free_bytes 12'));
  const buckets = lines
    .flatMap((line) => /_bucket\{project="shop",le="[^"]+"\} (\d+)$/.exec(line)?.[1] ?? [])
    .map(Number);
  assert.deepEqual(
    buckets,
    buckets.toSorted((x, y) => x - y),
  );
  assert.equal(buckets.at(-1), 5);
  assert.equal(new Set(lines.filter((line) => line.startsWith('# TYPE'))).size, 5);
});
