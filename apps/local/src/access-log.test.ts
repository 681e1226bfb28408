import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccessEntry } from '@anchor/edge/observability/access-log.ts';
import { openAccessLog } from './access-log.ts';

/** Header values have one character per byte; paths are not decoded. */
const text = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const entry: fc.Arbitrary<AccessEntry> = fc.record({
  at: fc.integer({ min: 1_700_000_000_000, max: 4_000_000_000_000 }),
  requestId: fc.uuid({ version: 4 }),
  host: text,
  deploymentId: fc.option(fc.constant('dpl_00000000000000000001'), { nil: undefined }),
  method: fc.constantFrom('GET', 'HEAD'),
  path: text,
  status: fc.constantFrom(200, 404),
  bytes: fc.nat(),
  ms: fc.double({ min: 0, max: 1e5, noNaN: true }),
  cache: fc.constantFrom('STATIC', 'HIT'),
  userAgent: text,
  ip: fc.ipV4(),
});

test('every line is the entry as JSON, in one order, and the line of a memoized response is the same', async () => {
  const logs = mkdtempSync(join(tmpdir(), 'anchor-test-log-'));
  try {
    const entries = fc.sample(entry, { numRuns: 500, seed: 1 });
    const log = openAccessLog(logs, 0);
    for (const one of entries) {
      log.write(one);
      log.lineOf({ ...one, at: 1, requestId: 'other', ms: 1, ip: 'other' })(one.at, one.requestId, one.ms, one.ip);
    }
    await log.close();
    const lines = readFileSync(join(logs, 'access-0.jsonl'), 'utf8').trimEnd().split('\n');
    assert.equal(lines.length, 1000);
    for (const [i, one] of entries.entries()) {
      const rounded = { ...one, ms: Math.round(one.ms * 1000) / 1000 };
      assert.equal(
        lines[2 * i],
        JSON.stringify({
          at: rounded.at,
          requestId: rounded.requestId,
          host: rounded.host,
          deploymentId: rounded.deploymentId,
          method: rounded.method,
          path: rounded.path,
          status: rounded.status,
          bytes: rounded.bytes,
          ms: rounded.ms,
          cache: rounded.cache,
          userAgent: rounded.userAgent,
          ip: rounded.ip,
        }),
      );
      assert.equal(lines[2 * i + 1], lines[2 * i]);
    }
  } finally {
    rmSync(logs, { recursive: true });
  }
});
