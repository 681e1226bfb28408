import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createNpm } from './npm.ts';

test('a version that the registry does not have is reported as that, not as a registry out of reach, and requested once', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const node = (says: string): string => {
    const program = join(dir, `node-${says}`);
    writeFileSync(program, `#!/bin/sh\necho x >> ${dir}/calls-${says}\necho "npm error code ${says}" >&2\nexit 1\n`, {
      mode: 0o755,
    });
    return program;
  };
  for (const [says, code, calls] of [
    ['ETARGET', 'unsupported', 1],
    ['E404', 'unsupported', 1],
    ['ENOTFOUND', 'source_unreachable', 2],
  ] as const) {
    const npm = createNpm({
      cache: join(dir, 'cache'),
      environment: { PATH: '/usr/bin:/bin' },
      node: node(says),
      attempts: 2,
      retryMs: 1,
    });
    const result = await npm.install('pnpm', '10.99.99', join(dir, 'tools', says));
    assert.ok(!result.ok);
    assert.equal(result.error.code, code, says);
    assert.equal(readdirSync(join(dir, 'tools')).length, 0, 'nothing is left');
    assert.equal(
      readFileSync(join(dir, `calls-${says}`), 'utf8')
        .trim()
        .split('\n').length,
      calls,
      says,
    );
  }
});
