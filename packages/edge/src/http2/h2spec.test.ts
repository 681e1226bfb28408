import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAuthority, issueCertificate } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { goTool } from '@anchor/testing/tools/go-tool.ts';
import { dpl, TestBed } from '../testing/test-bed.ts';

const TOOL = { module: 'github.com/summerwind/h2spec', version: 'v2.2.1+incompatible', packages: '/cmd/h2spec' };
/** All 145 pass on an idle machine. One may miss the tool's time limit on a busy one. */
const MIN_PASSED = 144;

test('the edge conforms to HTTP/2 and HPACK, by h2spec', async (t) => {
  const tool = await goTool(TOOL);
  if (tool === undefined) return t.skip('h2spec cannot be built');
  const keyPem = await generateKeyPem();
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 };
  const authority = { keyPem, certificatePem: await createAuthority('Test CA', keyPem, validity) };
  const chainPem = await issueCertificate(authority, [{ type: 'ip', value: '127.0.0.1' }], keyPem, validity);
  const bed = new TestBed();
  bed.certificates.serve(['127.0.0.1'], { keyPem, chainPem });
  // Larger than a window: most cases need a response that has not ended. The function reads bodies to their end.
  const files = { '/large': bed.file(Buffer.alloc(200_000, 'x')) };
  bed.route('127.0.0.1', dpl(1), bed.artifact({ function: true, files }));
  await bed.serve(dpl(1), (req, res) => void req.resume().on('end', () => res.end('read')));
  await bed.start();
  t.after(() => bed.stop());
  const options = ['-t', '-k', '-h', '127.0.0.1', '-p', String(bed.httpsPort), '-P', '/large', '-o', '5'];
  const output = await new Promise<string>((resolve) => {
    execFile(join(tool, 'h2spec'), options, { maxBuffer: 16 * 1024 * 1024 }, (_error, stdout) => resolve(stdout));
  });
  const passed = Number(/(\d+) passed/.exec(output)?.[1] ?? 0);
  assert.ok(passed >= MIN_PASSED, output.slice(output.indexOf('Failures:')));
});
