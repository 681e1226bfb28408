import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { goTool } from '@anchor/testing/tools/go-tool.ts';
import { dpl, TestBed } from '../testing/test-bed.ts';

/** The one that fails sends something else than HTTP/2, which this port takes for HTTP/1.1. */
const MIN_PASSED = 144;

test('the edge conforms to HTTP/2 and HPACK, by h2spec', async (t) => {
  const tool = await goTool({
    module: 'github.com/summerwind/h2spec',
    version: 'v2.2.1+incompatible',
    packages: '/cmd/h2spec',
  });
  if (tool === undefined) return t.skip('h2spec cannot be built');
  const bed = new TestBed({ http2PriorKnowledge: true });
  // Larger than a window: most cases need a response that has not ended.
  bed.route('127.0.0.1', dpl(1), bed.artifact({ files: { '/large': bed.file(Buffer.alloc(200_000, 'x')) } }));
  await bed.start();
  t.after(() => bed.stop());
  const options = ['-h', '127.0.0.1', '-p', String(bed.port), '-P', '/large', '-o', '2'];
  const output = await new Promise<string>((resolve) => {
    execFile(join(tool, 'h2spec'), options, { maxBuffer: 16 * 1024 * 1024 }, (_error, stdout) => resolve(stdout));
  });
  const passed = Number(/(\d+) passed/.exec(output)?.[1] ?? 0);
  assert.ok(passed >= MIN_PASSED, output.slice(output.indexOf('Failures:')));
});
