import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BranchName } from '@anchor/core/names/name.ts';
import { gitCall } from './git-settings.ts';
import { remoteHead } from './remote-head.ts';
import { sshCommand } from './ssh-identity.ts';

const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nZmlsbGVy\n-----END OPENSSH PRIVATE KEY-----\n';

test('git runs ssh with the deploy key, in a file for ssh alone that is removed afterwards', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-ssh-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  const repository = join(root, 'site.git');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();
  git('init', '--quiet', '--bare', '--initial-branch=main', repository);
  const tree = git('-C', repository, 'hash-object', '-t', 'tree', '-w', '/dev/null');
  const commit = git('-C', repository, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit-tree', '-m', 'x', tree);
  git('-C', repository, 'update-ref', 'refs/heads/main', commit);
  const seen = join(root, 'seen');
  mkdirSync(seen, { mode: 0o777 });
  chmodSync(seen, 0o777);
  const bin = join(root, 'bin');
  mkdirSync(bin);
  // A stub for ssh: records its arguments, and runs the requested command as the git host would.
  writeFileSync(
    join(bin, 'ssh'),
    `#!/bin/sh
printf '%s\\n' "$@" > ${seen}/argv
while [ $# -gt 1 ]; do
  if [ "$1" = -i ]; then cat "$2" > ${seen}/key; stat -c %a "$2" > ${seen}/mode; echo "$2" > ${seen}/path; fi
  shift
done
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
eval "exec $1"
`,
    { mode: 0o755 },
  );
  const options = {
    url: `ssh://git@127.0.0.1${repository}`,
    ref: { kind: 'branch', branch: 'main' as BranchName },
    provider: 'generic',
    withinMs: 20_000,
    allowHosts: ['127.0.0.1'],
    path: `${bin}:/usr/local/bin:/usr/bin:/bin`,
  } as const;
  const found = await remoteHead({ ...options, credentials: KEY });
  assert.deepEqual(found, { ok: true, value: commit });
  assert.equal(readFileSync(join(seen, 'key'), 'utf8'), KEY);
  assert.equal(readFileSync(join(seen, 'mode'), 'utf8').trim(), '600');
  assert.throws(() => readFileSync(readFileSync(join(seen, 'path'), 'utf8').trim()), /ENOENT/);
  const argv = readFileSync(join(seen, 'argv'), 'utf8').split('\n');
  for (const option of [
    '/dev/null',
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=accept-new',
    'git@127.0.0.1',
  ])
    assert.ok(argv.includes(option), `${option}\n${argv.join('\n')}`);
  assert.ok(!argv.join('\n').includes('ZmlsbGVy'), 'the key is in no argument');
});

test('no path and no host is more than one word for the shell that git starts ssh with', () => {
  const command = sshCommand({ key: "/tmp/a b/$(touch x)'key", knownHosts: '/tmp/a b/known_hosts' }, [
    'HostName=10.0.0.1',
  ]);
  const words = execFileSync('/bin/sh', ['-c', `ssh() { printf '%s\\n' "$@"; }; ${command}`], {
    encoding: 'utf8',
  }).split('\n');
  assert.ok(
    words.includes("/tmp/a b/$(touch x)'key") &&
      words.includes('UserKnownHostsFile=/tmp/a b/known_hosts') &&
      words.includes('HostName=10.0.0.1'),
    words.join('\n'),
  );
});

test('a deploy key is never sent as a password', () => {
  for (const url of ['https://github.com/acme/site', 'ssh://git@github.com/acme/site']) {
    const { env } = gitCall({ home: '/h', config: '/c', path: '/bin', local: false, url, credentials: KEY });
    assert.ok(!Object.values(env).some((value) => value.includes('Authorization') || value.includes('ZmlsbGVy')), url);
  }
});
