import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProject } from './helpers.ts';
import { eventually, plain, startPlatform } from './platform.ts';
import { createRepository, staticSite } from './repository.ts';

/** A disk of its own that really fills up: an image with a file system, mounted. */
async function smallDisk(megabytes: number) {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-disk-'));
  const [image, path] = [join(directory, 'image'), join(directory, 'disk')];
  await mkdir(path);
  await (await open(image, 'w')).close();
  await truncate(image, megabytes * 1_048_576);
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  execFileSync('mount', ['-o', 'loop', image, path]);
  const file = join(path, 'fill');
  return {
    data: join(path, 'data'),
    /** Until not a byte is left. */
    async fill(): Promise<void> {
      const handle = await open(file, 'a');
      for (const size of [1_048_576, 4_096, 1]) {
        const bytes = Buffer.alloc(size, 1);
        try {
          for (;;) await handle.appendFile(bytes);
        } catch (error) {
          assert.match(String(error), /ENOSPC/);
        }
      }
      await handle.close();
    },
    free: () => rm(file, { force: true }),
    async remove(): Promise<void> {
      execFileSync('umount', ['-l', path]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const UP = fileURLToPath(new URL('../apps/local/src/up.ts', import.meta.url));

test(
  'a disk that is really full ends nothing that serves: not a worker that is killed on it, not a start on it',
  { timeout: 300_000 },
  async (t) => {
    const disk = await smallDisk(700);
    t.after(() => disk.remove());
    const repository = await createRepository();
    t.after(() => repository.remove());
    const flags = ['--min-free-disk-mb', '1', '--control-reserve-mb', '0'];
    let platform = await startPlatform({ data: disk.data, keepData: true, flags });
    t.after(() => platform.stop());
    await createProject(platform, 'shop');
    await repository.commit(staticSite('the shop'));
    assert.equal((await repository.push(platform, 'shop')).code, 0);
    assert.match((await platform.request('shop.localhost')).body, /the shop/);

    await disk.fill();
    const before = platform.pid('edge-0')!;
    process.kill(before, 'SIGKILL');
    process.kill(platform.pid('edge-1')!, 'SIGKILL');
    await eventually(
      () => (platform.output().match(/edge-\d ended/g) ?? []).length >= 2,
      10_000,
      () => platform.output(),
    );
    await eventually(
      async () => (await platform.request('shop.localhost')).status === 200,
      20_000,
      () => `no worker came back:\n${platform.output()}`,
    );
    process.kill(platform.pid('up')!, 0);

    // A clean end removes the database's log, which a reader cannot make on a full disk: routes come from the snapshot.
    await disk.free();
    const { apiPort, edgePort } = platform;
    await platform.stop();
    await disk.fill();
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        UP,
        '--data',
        disk.data,
        '--api-port',
        String(apiPort),
        '--edge-port',
        String(edgePort),
        '--no-demo',
        ...flags,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    t.after(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    await eventually(
      async () => (await plain(edgePort, 'shop.localhost', '/')).body.includes('the shop'),
      20_000,
      () => `the site is not served:\n${output}`,
    );
    await eventually(
      () => /The disk .* is full|disk is full/.test(output),
      30_000,
      () => `no reason was printed:\n${output}`,
    );
    assert.equal(child.exitCode, null, output);

    await disk.free();
    await eventually(
      () => output.includes('platform ready'),
      40_000,
      () => `it does not go on by itself:\n${output}`,
    );
    assert.equal((await plain(apiPort, '127.0.0.1', '/api/health')).status, 200);
    child.kill('SIGTERM');
    await ended;
    platform = await startPlatform({
      data: disk.data,
      keepData: true,
      apiPort,
      edgePort,
      flags: ['--min-free-disk-mb', '1'],
    });

    // With a reserve the control plane starts on the full disk, and can clean up.
    await eventually(
      () => platform.output() !== '' && reserved(disk.data),
      10_000,
      () => 'no reserve is made',
    );
    await disk.fill();
    await eventually(
      () => platform.output().includes('the reserve of'),
      10_000,
      () => platform.output(),
    );
    await platform.kill9('server');
    assert.equal((await platform.api('POST', '/api/gc', {})).status, 200, platform.output());
    await disk.free();
    await eventually(
      () => reserved(disk.data),
      10_000,
      () => 'the reserve is not made again',
    );
  },
);

const reserved = (data: string): boolean => {
  try {
    return (
      execFileSync('stat', ['-c', '%s', join(data, 'reserve')], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() !== '0'
    );
  } catch {
    return false;
  }
};
