import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

/**
 * Which rule must refuse which file of fixtures/lint/broken: a line for each line of the table of packages, and the
 * rules of style.
 */
const EXPECTED: Readonly<Record<string, string>> = {
  'packages/core/src/imports-repository.ts': 'no-restricted-imports',
  'packages/core/src/imports-node.ts': 'no-nodejs-modules',
  'packages/client/src/imports-core.ts': 'no-restricted-imports',
  'packages/client/src/imports-node.ts': 'no-nodejs-modules',
  'packages/protocol/src/imports-core.ts': 'no-restricted-imports',
  'packages/protocol/src/imports-node.ts': 'no-nodejs-modules',
  'packages/runtime/src/imports-core.ts': 'no-restricted-imports',
  'packages/edge/src/imports-server.ts': 'no-restricted-imports',
  'packages/edge/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/packaging/src/imports-runtime.ts': 'no-restricted-imports',
  'packages/packaging/src/imports-build-runner.ts': 'no-restricted-imports',
  'packages/build-runner/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/build-runner/src/climbs-out.ts': 'no-restricted-imports',
  'packages/testing/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/server/src/imports-edge.ts': 'no-restricted-imports',
  'packages/server/src/imports-git-host.ts': 'no-restricted-imports',
  'packages/server/src/reads-environment.ts': 'no-process-env',
  'packages/adapter-local/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/adapter-local/src/imports-server.ts': 'no-restricted-imports',
  'packages/adapter-aws/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/function-host/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/function-host/src/imports-edge.ts': 'no-restricted-imports',
  'packages/adapter-local/src/imports-runtime.ts': 'no-restricted-imports',
  'packages/git-host-local/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/git-host-local/src/imports-function-host.ts': 'no-restricted-imports',
  'packages/adapter-local/src/imports-sandbox.ts': 'no-restricted-imports',
  'packages/sandbox-linux/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/sandbox-linux/src/imports-function-host.ts': 'no-restricted-imports',
  'packages/acme/src/imports-certificates.ts': 'no-restricted-imports',
  'packages/dns/src/imports-acme.ts': 'no-restricted-imports',
  'packages/certificates/src/imports-adapter.ts': 'no-restricted-imports',
  'packages/certificates/src/imports-edge.ts': 'no-restricted-imports',
  'packages/cli/src/imports-core.ts': 'no-restricted-imports',
  'packages/cli/src/reads-environment.ts': 'no-process-env',
  'packages/dashboard/src/imports-server.ts': 'no-restricted-imports',
  'packages/core/src/any.ts': 'no-explicit-any',
  'packages/core/src/non-null.ts': 'no-non-null-assertion',
  'packages/core/src/cycle-a.ts': 'no-cycle',
  'packages/core/src/cycle-b.ts': 'no-cycle',
  'apps/local/src/any.ts': 'no-explicit-any',
};

type Finding = Readonly<{ filename: string; code: string }>;

/** Lints a copy of a fixture under the repository's own configuration, outside the folders that it ignores. */
async function lint(fixture: 'broken' | 'clean'): Promise<Readonly<{ code: number; findings: readonly Finding[] }>> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-lint-'));
  try {
    await cp(join(root, 'scripts/fixtures/lint', fixture), directory, { recursive: true });
    await cp(join(root, '.oxlintrc.json'), join(directory, '.oxlintrc.json'));
    return await new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        [join(root, 'node_modules/oxlint/bin/oxlint'), '--deny-warnings', '--format', 'json', '.'],
        { cwd: directory },
        (error, stdout) => {
          const code = error === null ? 0 : Number(error.code);
          try {
            resolve({ code, findings: (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics });
          } catch (cause) {
            reject(new Error(`oxlint wrote no JSON: ${stdout.slice(0, 500)}`, { cause }));
          }
        },
      );
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const { code: brokenCode, findings } = await lint('broken');

for (const [file, rule] of Object.entries(EXPECTED)) {
  test(`the lint refuses ${file} by ${rule}`, () => {
    const rules = findings.filter((finding) => finding.filename === file).map((finding) => finding.code);
    assert.ok(
      rules.some((code) => code.includes(`(${rule})`)),
      `found ${rules.join(', ') || 'nothing'}`,
    );
  });
}

test('the broken fixture fails the lint, and no file in it is there without a line in the table', () => {
  assert.notEqual(brokenCode, 0);
  assert.deepEqual([...new Set(findings.map((finding) => finding.filename))].sort(), Object.keys(EXPECTED).sort());
});

test('the clean fixture passes the lint', async () => {
  const { code, findings: none } = await lint('clean');
  assert.deepEqual(none, []);
  assert.equal(code, 0);
});
