import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Exit, Mount, SandboxHandle, SandboxSpec, Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { eventually } from '../eventually.ts';
import { using, type Harness, type Make } from '../harness.ts';

type Run = Readonly<{ exit: Exit; out: string; err: string }>;

export const read = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
};

/** Runs a program to its end. */
export const runIn = async (
  sandbox: SandboxHandle,
  argv: readonly string[],
  more: Readonly<{ env?: Record<string, string>; cwd?: string; input?: Uint8Array }> = {},
): Promise<Run> => {
  const started = sandbox.spawn({ argv, env: { PATH: '/usr/bin:/bin' }, cwd: '/', ...more });
  const [out, err, exit] = await Promise.all([read(started.stdout), read(started.stderr), started.exited]);
  return { exit, out, err };
};

let count = 0;
export const specOf = (more: Partial<SandboxSpec> = {}): SandboxSpec => ({
  name: `contract-${process.pid}-${count++}`,
  identity: 'prj_contract',
  mounts: [],
  network: 'none',
  weight: 1,
  limits: { memoryMb: 256, cpus: 1, processes: 64 },
  ...more,
});

/** Runs `use` with a sandbox that is destroyed afterwards, also when it throws. */
export const inSandbox = async <T>(
  sandboxes: Sandboxes,
  more: Partial<SandboxSpec>,
  use: (sandbox: SandboxHandle) => Promise<T>,
): Promise<T> => {
  const made = await sandboxes.create(specOf(more));
  if (!made.ok) throw new Error(`${made.error.message}: ${made.error.cause}`);
  try {
    return await use(made.value);
  } finally {
    await made.value.destroy();
  }
};

/** Runs `use` with a scratch directory that only root can pass. */
export const withDirectory = async (use: (dir: string) => Promise<void>): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  try {
    await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

const succeeded = { code: 0, signal: null } as const;

export function sandboxesContract(name: string, make: Make<Sandboxes>): void {
  const check = (title: string, run: (harness: Harness<Sandboxes>) => Promise<void>): void =>
    void test(`${name}: ${title}`, using(make, run));

  check('the machine can do it', async ({ subject }) =>
    assert.deepEqual(await subject.available(), { ok: true, value: undefined }),
  );

  check('a program gets its arguments, its directory and exactly its environment', ({ subject }) =>
    inSandbox(subject, {}, async (sandbox) => {
      const env = { A: '1', EMPTY: '', LINES: 'a\nb', LD_PRELOAD: '', 'odd.name': 'x' };
      const { out, exit } = await runIn(sandbox, ['/usr/bin/env', '-0'], { env, cwd: '/tmp' });
      assert.deepEqual(exit, succeeded);
      const seen = Object.fromEntries(
        out
          .split('\0')
          .filter(Boolean)
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
      // The working directory's own variable is the one that may be added.
      const { PWD, ...rest } = seen;
      assert.ok(PWD === undefined || PWD === '/tmp');
      assert.deepEqual(rest, env);
      const words = await runIn(sandbox, ['/usr/bin/printf', '%s|', 'a b', '$(id)', '', "'", '--x', '\n']);
      assert.equal(words.out, "a b|$(id)||'|--x|\n|");
      assert.equal((await runIn(sandbox, ['/bin/pwd'], { cwd: '/tmp' })).out, '/tmp\n');
    }),
  );

  check(
    'a program that was named ahead starts with what it is told then, and any other starts as well',
    async ({ subject }) => {
      const argv = ['/bin/sh', '-c', 'echo "$WORD" in "$PWD"'];
      await inSandbox(subject, { prespawnArgv: argv }, async (sandbox) => {
        for (const WORD of ['first', 'second'])
          assert.deepEqual(await runIn(sandbox, argv, { env: { WORD }, cwd: '/tmp' }), {
            exit: succeeded,
            out: `${WORD} in /tmp\n`,
            err: '',
          });
      });
      await inSandbox(subject, { prespawnArgv: argv }, async (sandbox) =>
        assert.equal((await runIn(sandbox, ['/bin/echo', 'another'])).out, 'another\n'),
      );
      await inSandbox(subject, { prespawnArgv: argv }, async (sandbox) =>
        assert.equal((await runIn(sandbox, ['/bin/cat'], { input: Buffer.from('input') })).out, 'input'),
      );
      await inSandbox(subject, { prespawnArgv: argv }, async () => undefined);
    },
  );

  check('exit codes, signals, both outputs and the input pass through', ({ subject }) =>
    inSandbox(subject, {}, async (sandbox) => {
      assert.deepEqual((await runIn(sandbox, ['/bin/sh', '-c', 'exit 7'])).exit, { code: 7, signal: null });
      assert.deepEqual((await runIn(sandbox, ['/bin/sh', '-c', 'kill -KILL $$'])).exit, {
        code: null,
        signal: 'SIGKILL',
      });
      const both = await runIn(sandbox, ['/bin/sh', '-c', 'echo out; echo err >&2']);
      assert.deepEqual([both.out, both.err], ['out\n', 'err\n']);
      const input = Buffer.alloc(1 << 20, 'x');
      assert.equal((await runIn(sandbox, ['/usr/bin/wc', '-c'], { input })).out.trim(), String(input.length));
      assert.equal((await runIn(sandbox, ['/bin/cat'])).out, '', 'no input is an empty one');
      assert.notEqual((await runIn(sandbox, ['/does/not/exist'])).exit.code, 0);
      assert.notEqual((await runIn(sandbox, ['/bin/true', 'a\0b'])).exit.code, 0);
    }),
  );

  check('SIGTERM reaches the program, which may finish its work', ({ subject }) =>
    inSandbox(subject, {}, async (sandbox) => {
      const started = sandbox.spawn({
        argv: ['/bin/sh', '-c', 'trap "echo drained; exit 5" TERM; echo ready; while :; do sleep 0.01; done'],
        env: {},
        cwd: '/',
      });
      let out = '';
      for await (const part of started.stdout) {
        if (out === '') started.kill('SIGTERM');
        out += Buffer.from(part).toString('utf8');
      }
      assert.equal(out, 'ready\ndrained\n');
      assert.deepEqual(await started.exited, { code: 5, signal: null });
    }),
  );

  check('SIGTERM sent at once still ends the program, and SIGKILL ends what ignores it', ({ subject }) =>
    inSandbox(subject, {}, async (sandbox) => {
      const early = sandbox.spawn({ argv: ['/bin/sleep', '60'], env: {}, cwd: '/' });
      early.kill('SIGTERM');
      assert.deepEqual(await early.exited, { code: null, signal: 'SIGTERM' });
      const deaf = sandbox.spawn({
        argv: ['/bin/sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.01; done'],
        env: {},
        cwd: '/',
      });
      for await (const part of deaf.stdout) {
        assert.ok(part.length > 0);
        deaf.kill('SIGTERM');
        deaf.kill('SIGKILL');
      }
      assert.deepEqual(await deaf.exited, { code: null, signal: 'SIGKILL' });
    }),
  );

  check('mounts are what they say: read-only, writable, private and laid over', ({ subject }) =>
    withDirectory(async (dir) => {
      for (const part of ['read', 'write', 'lower', 'upper', 'work']) await mkdir(join(dir, part));
      await writeFile(join(dir, 'read/file'), 'kept');
      await writeFile(join(dir, 'lower/file'), 'below');
      await chmod(join(dir, 'lower/file'), 0o666);
      const mounts: readonly Mount[] = [
        { kind: 'read', from: join(dir, 'read'), to: '/r' },
        { kind: 'write', from: join(dir, 'write'), to: '/w' },
        { kind: 'tmpfs', to: '/t', sizeMb: 4 },
        { kind: 'overlay', lower: join(dir, 'lower'), upper: join(dir, 'upper'), work: join(dir, 'work'), to: '/o' },
        { kind: 'tmpfs', to: '/w/inner', sizeMb: 1 },
      ];
      await inSandbox(subject, { mounts }, async (sandbox) => {
        const sh = (text: string): Promise<Run> => runIn(sandbox, ['/bin/sh', '-c', text]);
        assert.equal((await sh('cat /r/file; echo x > /r/file; echo x > /r/new')).out, 'kept');
        assert.deepEqual(
          (await sh('set -e; echo made > /w/file; echo hidden > /w/inner/file; echo t > /t/file')).exit,
          succeeded,
        );
        assert.equal(
          (await sh('cat /t/file; dd if=/dev/zero of=/t/big bs=1M count=9 2>/dev/null || echo full')).out,
          't\nfull\n',
        );
        assert.equal((await sh('cat /o/file; echo above > /o/file; cat /o/file')).out, 'belowabove\n');
        assert.equal(
          (await sh('echo x > /new; echo x > /usr/new; echo x > /etc/new; ls /new /usr/new /etc/new')).out,
          '',
        );
      });
      assert.equal(await readFile(join(dir, 'read/file'), 'utf8'), 'kept');
      assert.equal(await readFile(join(dir, 'write/file'), 'utf8'), 'made\n');
      await assert.rejects(readFile(join(dir, 'write/inner/file')));
      assert.equal(await readFile(join(dir, 'lower/file'), 'utf8'), 'below');
      assert.equal(await readFile(join(dir, 'upper/file'), 'utf8'), 'above\n');
    }),
  );

  check('what is not plain is refused before anything starts', ({ subject }) =>
    withDirectory(async (dir) => {
      const codeOf = async (more: Partial<SandboxSpec>): Promise<string> => {
        const made = await subject.create(specOf(more));
        if (made.ok) await made.value.destroy();
        return made.ok ? 'made' : made.error.code;
      };
      for (const bad of ['', 'A', '../x', 'a/b', 'x'.repeat(41)])
        assert.equal(await codeOf({ name: bad }), 'invalid_input', bad);
      for (const to of ['relative', '/', '/a/../b', '/a//b', '/proc', '/usr/x', '/etc/x', '/a\nb'])
        assert.equal(await codeOf({ mounts: [{ kind: 'tmpfs', to, sizeMb: 1 }] }), 'invalid_input', to);
      assert.equal(await codeOf({ mounts: [{ kind: 'read', from: join(dir, 'absent'), to: '/x' }] }), 'invalid_input');
      assert.equal(await codeOf({ network: 'outbound', allow: ['10.0.0.0/40'] }), 'invalid_input');
      const spec = specOf();
      const made = await subject.create(spec);
      assert.ok(made.ok);
      const second = await subject.create(spec);
      assert.equal(second.ok ? 'made' : second.error.code, 'already_exists');
      await made.value.destroy();
    }),
  );

  check('destroying ends every process, twice is once, and later starts are refused', async ({ subject }) => {
    const made = await subject.create(specOf());
    assert.ok(made.ok);
    const started = made.value.spawn({
      argv: ['/bin/sh', '-c', 'setsid sleep 600 & echo ready; sleep 600'],
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/',
    });
    for await (const part of started.stdout) {
      assert.equal(Buffer.from(part).toString(), 'ready\n');
      break;
    }
    await Promise.all([made.value.destroy(), made.value.destroy()]);
    await made.value.destroy();
    assert.equal((await started.exited).signal, 'SIGKILL');
    assert.notEqual((await runIn(made.value, ['/bin/true'])).exit.code, 0);
  });

  check('memory above the limit ends the program and is told', ({ subject }) =>
    inSandbox(subject, { limits: { memoryMb: 48, cpus: 1, processes: 32 } }, async (sandbox) => {
      const { exit } = await runIn(sandbox, ['/usr/bin/dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1']);
      assert.deepEqual(exit, { code: null, signal: 'SIGKILL' });
      const { oomKills, memoryPeakMb, processLimitHits } = await sandbox.usage();
      assert.ok(oomKills >= 1);
      assert.ok(memoryPeakMb > 30 && memoryPeakMb <= 48, String(memoryPeakMb));
      assert.equal(processLimitHits, 0);
    }),
  );

  check(
    'what its programs hold is told while they hold it, and files that they have read are not among it',
    ({ subject }) =>
      inSandbox(subject, {}, async (sandbox) => {
        const holder = sandbox.spawn({
          argv: [
            '/bin/sh',
            '-c',
            'x=$(head -c 50000000 /dev/zero | tr "\\0" x); cat /usr/bin/* > /dev/null 2>&1; echo ready; sleep 600',
          ],
          env: { PATH: '/usr/bin:/bin' },
          cwd: '/',
        });
        for await (const _ of holder.stdout) break;
        // The kernel may count a moment later.
        const comesTo = async (fits: (residentMb: number) => boolean): Promise<void> =>
          eventually(async () => {
            const { residentMb } = await sandbox.usage();
            assert.ok(fits(residentMb), String(residentMb));
          });
        await comesTo((residentMb) => residentMb > 45 && residentMb < 120);
        holder.kill('SIGKILL');
        await holder.exited;
        await comesTo((residentMb) => residentMb < 10);
      }),
  );

  check('work that can wait moves on beside live traffic that never pauses', ({ subject }) =>
    inSandbox(subject, { weight: 10, limits: { memoryMb: 256, cpus: 64, processes: 64 } }, async (live) => {
      const busy = live.spawn({
        argv: [
          '/bin/sh',
          '-c',
          `i=0; while [ $i -lt ${availableParallelism() * 2} ]; do (while :; do :; done) & i=$((i+1)); done; echo ready; wait`,
        ],
        env: {},
        cwd: '/',
      });
      for await (const _ of busy.stdout) break;
      await inSandbox(subject, { weight: 1 }, async (patient) => {
        const { exit } = await runIn(patient, ['/bin/sh', '-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done']);
        assert.deepEqual(exit, succeeded);
      });
    }),
  );

  check('more processes than allowed are refused and told', ({ subject }) =>
    inSandbox(subject, { limits: { memoryMb: 128, cpus: 1, processes: 12 } }, async (sandbox) => {
      const bomb = sandbox.spawn({
        argv: ['/bin/sh', '-c', 'b() { b | b & }; b; sleep 600'],
        env: { PATH: '/usr/bin:/bin' },
        cwd: '/',
      });
      const deadline = Date.now() + 20_000;
      while ((await sandbox.usage()).processLimitHits === 0) {
        assert.ok(Date.now() < deadline, 'the limit was never reached');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await sandbox.destroy();
      await bomb.exited;
      assert.ok((await sandbox.usage()).processLimitHits > 0, 'known after the end too');
    }),
  );

  check('a disk has its size, is kept between uses and goes when removed', async ({ subject }) => {
    const options = { name: 'contract', identity: 'prj_contract', sizeMb: 32 };
    const disk = await subject.openDisk(options);
    assert.ok(disk.ok);
    const second = await subject.openDisk(options);
    assert.equal(second.ok ? 'opened' : second.error.code, 'conflict');
    await inSandbox(subject, { mounts: [{ kind: 'write', from: disk.value.path, to: '/disk' }] }, async (sandbox) => {
      const { out } = await runIn(sandbox, [
        '/bin/sh',
        '-c',
        'echo kept > /disk/file; cat /dev/zero > /disk/fill || echo stopped',
      ]);
      assert.equal(out, 'stopped\n');
    });
    const { full, usedMb, sizeMb } = await disk.value.free();
    assert.ok(full && usedMb > 20 && sizeMb <= 32, JSON.stringify({ full, usedMb, sizeMb }));
    await rm(join(disk.value.path, 'fill'));
    assert.equal((await disk.value.free()).full, false);
    await disk.value.close();
    await disk.value.close();
    const reopened = await subject.openDisk(options);
    assert.ok(reopened.ok);
    assert.equal(await readFile(join(reopened.value.path, 'file'), 'utf8'), 'kept\n');
    // A link that a build left on its disk leads nowhere.
    await symlink('/etc', join(reopened.value.path, 'link'));
    const linked = await subject.create(
      specOf({ mounts: [{ kind: 'read', from: join(reopened.value.path, 'link'), to: '/x' }] }),
    );
    assert.equal(linked.ok ? 'made' : linked.error.code, 'invalid_input');
    assert.equal(await subject.removeDisk('contract'), false, 'not while it is open');
    const listed = async () => (await subject.listDisks()).find(({ name }) => name === 'contract');
    assert.equal((await listed())?.inUse, true);
    const before = Date.now();
    await reopened.value.close();
    const use = await listed();
    assert.ok(
      use !== undefined && !use.inUse && use.usedAt >= before - 1000 && use.bytes > 0 && use.bytes <= 32 * 2 ** 20,
      JSON.stringify(use),
    );
    assert.equal(await subject.removeDisk('contract'), true);
    assert.equal(await listed(), undefined);
    const fresh = await subject.openDisk(options);
    assert.ok(fresh.ok);
    await assert.rejects(readFile(join(fresh.value.path, 'file')));
    await fresh.value.close();
  });

  check('a sweep leaves what is in use alone', ({ subject }) =>
    inSandbox(subject, {}, async (sandbox) => {
      const disk = await subject.openDisk({ name: 'in-use', identity: 'prj_contract', sizeMb: 16 });
      assert.ok(disk.ok);
      await writeFile(join(disk.value.path, 'file'), 'x');
      await subject.sweep();
      assert.deepEqual((await runIn(sandbox, ['/bin/true'])).exit, succeeded);
      assert.equal(await readFile(join(disk.value.path, 'file'), 'utf8'), 'x');
      await disk.value.close();
    }),
  );
}
