import assert from 'node:assert/strict';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { inSandbox, runIn, specOf, withDirectory } from '@anchor/testing/contracts/sandboxes.ts';
import { eventually } from '@anchor/testing/eventually.ts';
import { FIRST_UID, uidOf } from './identity.ts';
import { makeSandboxes } from './testing.ts';

const sandboxesFor = async (t: { after: (end: () => Promise<void>) => void }) => {
  const made = await makeSandboxes();
  t.after(made.end);
  return made;
};
/** The path of the machine's time zone; empty when it has none. */
const machineZone = existsSync('/etc/localtime') ? realpathSync('/etc/localtime') : '';
const sh = (text: string): readonly string[] => ['/bin/sh', '-c', text];

test("the machine's own files, the data directory and other sandboxes' files do not exist inside", async (t) => {
  const { subject, data } = await sandboxesFor(t);
  await writeFile(join(data, 'key'), 'secret');
  await withDirectory(async (dir) => {
    for (const part of ['one', 'two']) await mkdir(join(dir, part));
    await writeFile(join(dir, 'two/file'), 'of another');
    await inSandbox(subject, { mounts: [{ kind: 'write', from: join(dir, 'one'), to: '/mine' }] }, async (sandbox) => {
      for (const path of [
        '/root',
        '/home',
        '/var',
        '/run',
        '/sys',
        '/etc/shadow',
        '/etc/ssh',
        '/opt',
        '/srv',
        '/boot',
        data,
        dir,
        join(dir, 'two'),
        '/sandbox',
        '/mine/../../root',
        '/proc/1/root/sandbox',
        '/dev/vda',
        '/dev/loop-control',
        '/dev/kmsg',
        '/dev/mem',
      ]) {
        assert.notEqual((await runIn(sandbox, ['/bin/ls', '-d', path])).exit.code, 0, path);
      }
      const { out } = await runIn(sandbox, ['/bin/ls', '/']);
      assert.deepEqual(
        out
          .split('\n')
          .filter(Boolean)
          .filter((name) => !/^(bin|sbin|lib|lib32|lib64)$/.test(name)),
        ['dev', 'etc', 'mine', 'proc', 'tmp', 'usr'],
      );
      assert.equal((await runIn(sandbox, ['/bin/cat', '/etc/passwd'])).out.split('\n').filter(Boolean).length, 3);
    });
  });
});

test("the machine's processes do not exist inside", async (t) => {
  const { subject } = await sandboxesFor(t);
  await inSandbox(subject, {}, async (sandbox) => {
    const { out } = await runIn(
      sandbox,
      sh(
        'ls /proc | grep -c "^[0-9]"; cat /proc/[0-9]*/comm | sort | uniq | tr "\\n" " "; echo; kill -0 ' +
          process.pid +
          ' 2>/dev/null || echo unreachable',
      ),
    );
    const [count, names, kill] = out.split('\n');
    assert.ok(Number(count) <= 5, out);
    assert.doesNotMatch(names ?? '', /node|init|systemd/);
    assert.equal(kill, 'unreachable');
  });
});

test("the program has no rights: no capabilities, no groups, no new privileges, no descriptors, its identity's user", async (t) => {
  const { subject } = await sandboxesFor(t);
  await withDirectory(async (dir) => {
    await mkdir(join(dir, 'out'));
    await inSandbox(
      subject,
      { identity: 'prj_someone', mounts: [{ kind: 'write', from: join(dir, 'out'), to: '/out' }] },
      async (sandbox) => {
        const status = (await runIn(sandbox, ['/bin/cat', '/proc/self/status'])).out;
        for (const line of [
          'CapInh:\t0000000000000000',
          'CapPrm:\t0000000000000000',
          'CapEff:\t0000000000000000',
          'CapBnd:\t0000000000000000',
          'CapAmb:\t0000000000000000',
          'NoNewPrivs:\t1',
          'Seccomp:\t2',
          'Groups:\t ',
        ]) {
          assert.ok(status.includes(`${line}\n`), line);
        }
        const open = (await runIn(sandbox, sh('for fd in /proc/self/fd/*; do echo "${fd##*/} $(readlink $fd)"; done')))
          .out;
        for (const line of open.split('\n').filter(Boolean)) {
          const [fd, target] = line.split(' ');
          assert.ok(
            Number(fd) <= 2 || target === '/dev/null' || target === '' || target?.startsWith('/proc/') === true,
            line,
          );
        }
        assert.equal((await runIn(sandbox, sh('id -un; touch /out/file'))).out, 'build\n');
        assert.equal((await stat(join(dir, 'out/file'))).uid, uidOf('prj_someone'));
      },
    );
    assert.notEqual(uidOf('prj_someone'), uidOf('prj_other'));
    assert.ok(uidOf('prj_someone') >= FIRST_UID && uidOf('prj_someone') < 2 ** 31);
  });
});

test('programs with the setuid bit give nothing, and namespaces, mounts and dangerous calls are refused', async (t) => {
  const { subject } = await sandboxesFor(t);
  await inSandbox(subject, {}, async (sandbox) => {
    assert.match((await runIn(sandbox, sh('ls -l /usr/bin/su; su -c id root 2>&1'))).out, /^-rws/);
    assert.doesNotMatch((await runIn(sandbox, sh('su -c id root </dev/null 2>&1'))).out, /uid=0/);
    for (const command of [
      'unshare --user true',
      'unshare --user --map-root-user true',
      'unshare --net true',
      'bwrap --bind / / true',
      'mount -t tmpfs x /tmp',
      'umount /tmp',
      'chroot / true',
      'nsenter --mount=/proc/self/ns/mnt true',
    ]) {
      assert.notEqual((await runIn(sandbox, sh(`${command} 2>/dev/null`))).exit.code, 0, command);
    }
    const errorOf = async (call: string): Promise<string> =>
      (await runIn(sandbox, ['/usr/bin/perl', '-e', `my $r = syscall(${call}); print $r == -1 ? $!+0 : "done"`])).out;
    const numbers =
      process.arch === 'x64'
        ? {
            keyctl: 250,
            addKey: 248,
            bpf: 321,
            userfaultfd: 323,
            perf: 298,
            openByHandle: 304,
            mount: 165,
            socket: 41,
            clone: 56,
            reboot: 169,
          }
        : {
            keyctl: 219,
            addKey: 217,
            bpf: 280,
            userfaultfd: 282,
            perf: 241,
            openByHandle: 265,
            mount: 40,
            socket: 198,
            clone: 220,
            reboot: 142,
          };
    for (const name of ['keyctl', 'addKey', 'bpf', 'userfaultfd', 'perf', 'openByHandle', 'mount', 'reboot'] as const)
      assert.equal(await errorOf(`${numbers[name]}, 0, 0, 0, 0, 0`), '1', name);
    assert.equal(await errorOf(`${numbers.clone}, 0x10000000, 0, 0, 0, 0`), '1', 'clone with a new user namespace');
    assert.equal(await errorOf('435, 0, 0'), '38', 'clone3');
    assert.equal(await errorOf('425, 1, 0'), '38', 'io_uring');
    for (const number of [457, 458, 467, 468, 500, 1_000, 0x4000_0001])
      assert.equal(await errorOf(`${number}, 0, 0, 0, 0, 0`), '38', `call ${number}`);
    assert.equal(await errorOf(`${process.arch === 'x64' ? 206 : 0}, 65000, 0`), '38', 'io_setup');
    if (process.arch === 'x64') assert.equal(await errorOf('154, 0, 0, 0'), '38', 'modify_ldt');
    for (const family of [17, 38, 40])
      assert.equal(await errorOf(`${numbers.socket}, ${family}, 1, 0`), '97', `socket family ${family}`);
    for (const family of [1, 2])
      assert.equal(await errorOf(`${numbers.socket}, ${family}, 1, 0`), 'done', `socket family ${family}`);
  });
});

test('a sandbox has a limited number of terminals, which work, and takes none from another', async (t) => {
  const { subject } = await sandboxesFor(t);
  const open = `my @kept; while (@kept < 200 and open(my $terminal, '+<', '/dev/ptmx')) { push @kept, $terminal } print scalar(@kept), " $!"; $| = 1; sleep($ARGV[0]);`;
  await inSandbox(subject, {}, async (greedy) => {
    const hog = greedy.spawn({ argv: ['/usr/bin/perl', '-e', open, '60'], env: {}, cwd: '/' });
    for await (const part of hog.stdout) {
      assert.match(Buffer.from(part).toString('utf8'), /^64 No space left/);
      break;
    }
    await inSandbox(subject, {}, async (modest) => {
      assert.match((await runIn(modest, ['/usr/bin/perl', '-e', open, '0'])).out, /^64 /);
      assert.match((await runIn(modest, ['/usr/bin/script', '-qc', 'tty', '/dev/null'])).out, /^\/dev\/pts\/0/);
    });
  });
});

test('inotify is counted for each project: one that takes all instances leaves another its own', async (t) => {
  const { subject } = await sandboxesFor(t);
  const number = process.arch === 'x64' ? 294 : 26;
  const open = `my $n = 0; $n++ while $n < 100_000 and syscall(${number}, 0) >= 0; print $n; $| = 1; sleep($ARGV[0]);`;
  const limit = Number(await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
  await inSandbox(subject, { identity: 'prj_greedy' }, async (greedy) => {
    const hog = greedy.spawn({ argv: ['/usr/bin/perl', '-e', open, '60'], env: {}, cwd: '/' });
    for await (const part of hog.stdout) {
      assert.ok(Number(Buffer.from(part).toString('utf8')) <= limit);
      break;
    }
    await inSandbox(subject, { identity: 'prj_modest' }, async (modest) =>
      assert.ok(Number((await runIn(modest, ['/usr/bin/perl', '-e', open, '0'])).out) > 10),
    );
  });
});

test(
  'a program that stops the first process of its sandbox does not keep it from ending',
  { timeout: 30_000 },
  async (t) => {
    const { subject } = await sandboxesFor(t);
    const [ptrace, attach] = [process.arch === 'x64' ? 101 : 117, 16];
    await inSandbox(subject, {}, async (sandbox) => {
      const startedAt = performance.now();
      const { exit } = await runIn(
        sandbox,
        sh(`perl -e 'syscall(${ptrace}, ${attach}, 1, 0, 0); sleep 600' >/dev/null 2>&1 & sleep 1; exit 3`),
      );
      assert.ok(exit.code === 3 || exit.signal === 'SIGKILL', JSON.stringify(exit));
      assert.ok(performance.now() - startedAt < 15_000);
    });
  },
);

test(
  'a program that ended well has its exit code, although the sandbox got no processor to report it for some seconds',
  { timeout: 30_000 },
  async (t) => {
    const { subject } = await sandboxesFor(t);
    await inSandbox(subject, {}, async (sandbox) => {
      const running = runIn(sandbox, sh('sleep 1.5; exit 3'));
      const outer = (): number | undefined =>
        readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
          .split(' ')
          .filter(Boolean)
          .map(Number)
          .find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'bwrap\n');
      await eventually(() => assert.ok(outer()));
      const pid = outer() ?? 0;
      process.kill(pid, 'SIGSTOP');
      // Longer than a program that stops the first process is given.
      await new Promise((resolve) => {
        setTimeout(resolve, 5_000);
      });
      process.kill(pid, 'SIGCONT');
      assert.deepEqual((await running).exit, { code: 3, signal: null });
    });
  },
);

test('a link in a writable directory leads nowhere: not inside, not for a mount below it, not as a source', async (t) => {
  const { subject } = await sandboxesFor(t);
  await withDirectory(async (dir) => {
    for (const part of ['shared', 'target']) await mkdir(join(dir, part));
    await writeFile(join(dir, 'target/file'), 'host');
    const shared = { kind: 'write', from: join(dir, 'shared'), to: '/w' } as const;
    await inSandbox(subject, { mounts: [shared] }, async (sandbox) => {
      const { out } = await runIn(
        sandbox,
        sh(
          `ln -s /etc /w/etc; ln -s ${dir}/target /w/out; mkdir /w/dir; ls /w; cat /w/out/file /w/etc/shadow 2>/dev/null`,
        ),
      );
      assert.equal(out, 'dir\netc\nout\n');
    });
    for (const mounts of [
      [shared, { kind: 'tmpfs', to: '/w/etc/x', sizeMb: 1 }],
      [shared, { kind: 'tmpfs', to: '/w/out', sizeMb: 1 }],
      [{ kind: 'write', from: join(dir, 'shared/out'), to: '/x' }],
      [{ kind: 'read', from: join(dir, 'shared/etc/ssl'), to: '/x' }],
      [{ kind: 'read', from: join(dir, 'shared/dir/../out'), to: '/x' }],
    ] as const) {
      const made = await subject.create(specOf({ mounts }));
      assert.equal(made.ok ? 'made' : made.error.code, 'invalid_input', JSON.stringify(mounts));
    }
    assert.equal(await readFile(join(dir, 'target/file'), 'utf8'), 'host');
    // The machine's own links are followed.
    await symlink(join(dir, 'target'), join(dir, 'current'));
    await inSandbox(subject, { mounts: [{ kind: 'read', from: join(dir, 'current'), to: '/x' }] }, async (sandbox) => {
      assert.equal((await runIn(sandbox, ['/bin/cat', '/x/file'])).out, 'host');
    });
  });
});

test('a strict file mode mask of the platform does not lock sandboxes out', async (t) => {
  const before = process.umask(0o077);
  t.after(() => void process.umask(before));
  const { subject } = await sandboxesFor(t);
  await inSandbox(subject, {}, async (sandbox) => {
    assert.deepEqual(await runIn(sandbox, sh('cat /etc/hostname; touch /tmp/file && ls /tmp')), {
      exit: { code: 0, signal: null },
      out: 'anchor\nfile\n',
      err: '',
    });
  });
});

test(
  'the time zone is named by a link, as on the machine: from a copy, a program that formats dates compares every zone there is',
  { skip: !machineZone.startsWith('/usr/share/zoneinfo/') },
  async (t) => {
    const { subject } = await sandboxesFor(t);
    await inSandbox(subject, {}, async (sandbox) => {
      assert.deepEqual(await runIn(sandbox, ['/usr/bin/readlink', '-e', '/etc/localtime']), {
        exit: { code: 0, signal: null },
        out: `${machineZone}\n`,
        err: '',
      });
    });
  },
);

test('work that can wait steps back for live traffic', async (t) => {
  const { subject } = await sandboxesFor(t);
  const seen = async (weight: number): Promise<string> =>
    inSandbox(
      subject,
      { weight },
      async (sandbox) => (await runIn(sandbox, sh('nice; cat /proc/self/oom_score_adj; ulimit -c'))).out,
    );
  // Relative to the user that runs the tests.
  const own = getPriority();
  assert.equal(await seen(1), '10\n800\n0\n');
  assert.equal(await seen(10), `${own}\n300\n0\n`);
});

test('output is not buffered in memory while there is no reader', async (t) => {
  const { subject } = await sandboxesFor(t);
  await inSandbox(subject, {}, async (sandbox) => {
    const started = sandbox.spawn({ argv: ['/usr/bin/head', '-c', String(2 ** 30), '/dev/zero'], env: {}, cwd: '/' });
    const before = process.memoryUsage().rss;
    let [length, highest] = [0, 0];
    for await (const part of started.stdout) {
      // The first read waits until the writer must have filled what there is of pipes and buffers.
      if (length === 0) for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
      length += part.length;
      highest = Math.max(highest, process.memoryUsage.rss());
    }
    assert.equal(length, 2 ** 30);
    assert.ok(highest - before < 200 * 2 ** 20, `${Math.round((highest - before) / 2 ** 20)} MB more`);
  });
});

test('names of the sandbox itself lead to its own loopback, and no name adds a line of its own', async (t) => {
  const { subject } = await sandboxesFor(t);
  const ownNames = ['shop.example', 'shop-1.localhost', 'a b', 'x\n10.0.0.1 evil.example', ''];
  await inSandbox(subject, { ownNames, network: 'outbound' }, async (sandbox) => {
    const { out } = await runIn(sandbox, ['/bin/cat', '/etc/hosts']);
    assert.equal(
      out,
      '127.0.0.1 localhost anchor\n::1 localhost\n127.0.0.1 shop.example\n127.0.0.1 shop-1.localhost\n',
    );
    const found = await runIn(sandbox, ['/usr/bin/getent', 'ahostsv4', 'shop.example']);
    assert.match(found.out, /^127\.0\.0\.1 /);
  });
});
