import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  mkdirSync,
  symlinkSync,
  chmodSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { insidePath, linkStaysInside } from '@anchor/packaging/checkout/tree-path.ts';
import { extractTar } from './extract-tar.ts';

type Part = Readonly<{ path: string; type?: string; link?: string; data?: string; size?: number; badSum?: boolean }>;

/** A tar archive written by hand, with content that no correct program would write. */
function tar(parts: readonly Part[], end = true): Buffer {
  const blocks = parts.flatMap(({ path, type = '0', link = '', data = '', size, badSum }) => {
    const header = Buffer.alloc(512);
    header.write(path, 0, 100);
    header.write('0000644\0', 100);
    header.write(`${(size ?? Buffer.byteLength(data)).toString(8).padStart(11, '0')}\0`, 124);
    header.write(type, 156);
    header.write(link, 157, 100);
    header.write('ustar\x0000', 257);
    header.fill(32, 148, 156);
    const sum = header.reduce((a, b) => a + b, 0) + (badSum === true ? 1 : 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(data) / 512) * 512);
    body.write(data);
    return [header, body];
  });
  return Buffer.concat([...blocks, Buffer.alloc(end ? 1024 : 0)]);
}

async function* chunks(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function inTemporary(use: (to: string, outside: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'anchor-test-tar-'));
  try {
    mkdirSync(join(dir, 'to'));
    await use(join(dir, 'to'), dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test('a folder packed by tar itself comes out the same, plain and gzipped', () =>
  inTemporary(async (to, outside) => {
    const from = join(outside, 'from');
    const long = `${'deep/'.repeat(30)}${'name'.repeat(20)}.txt`;
    mkdirSync(join(from, long, '..'), { recursive: true });
    writeFileSync(join(from, long), 'long');
    writeFileSync(join(from, 'run.sh'), '#!/bin/sh');
    chmodSync(join(from, 'run.sh'), 0o755);
    writeFileSync(join(from, 'ünïcode.txt'), 'u'.repeat(100_000));
    symlinkSync('run.sh', join(from, 'link'));
    for (const [format, zip] of [
      ['pax', false],
      ['gnu', true],
    ] as const) {
      const target = join(to, format);
      mkdirSync(target);
      const bytes = execFileSync('tar', ['-C', from, `--format=${format}`, '-cf', '-', '.'], { maxBuffer: 1 << 26 });
      const result = await extractTar(chunks(zip ? gzipSync(bytes) : bytes), target);
      assert.ok(result.ok, JSON.stringify(result));
      assert.equal(readFileSync(join(target, long), 'utf8'), 'long');
      assert.equal(readFileSync(join(target, 'ünïcode.txt'), 'utf8').length, 100_000);
      assert.equal(lstatSync(join(target, 'run.sh')).mode & 0o777, 0o755);
      assert.ok(lstatSync(join(target, 'link')).isSymbolicLink());
    }
  }));

test('a long path outside ASCII is the same however its bytes are cut', () =>
  inTemporary(async (to, outside) => {
    const from = join(outside, 'from');
    const long = join('あ'.repeat(70), 'い'.repeat(70), 'う'.repeat(70));
    mkdirSync(join(from, long), { recursive: true });
    writeFileSync(join(from, long, 'file'), 'x');
    const bytes = execFileSync('tar', ['-C', from, '--format=pax', '-cf', '-', '.']);
    for (const size of [64, 65, 333, 512, 700, 1025]) {
      const target = join(to, String(size));
      mkdirSync(target);
      const result = await extractTar(chunks(bytes, size), target);
      assert.ok(result.ok && existsSync(join(target, long, 'file')), `${size}: ${JSON.stringify(result)}`);
    }
  }));

const ATTACKS: Readonly<Record<string, readonly Part[]>> = {
  'an absolute path': [{ path: '/etc/evil', data: 'x' }],
  'a path that climbs out': [{ path: '../evil', data: 'x' }],
  'a path that climbs out later': [{ path: 'a/../../evil', data: 'x' }],
  'a backslash path': [{ path: '..\\evil', data: 'x' }],
  'a link that climbs out': [{ path: 'a', type: '2', link: '../../etc' }],
  'an absolute link': [{ path: 'a', type: '2', link: '/etc' }],
  'a link to the folder and a climb through it': [
    { path: 'x', type: '2', link: '.' },
    { path: 'y', type: '2', link: 'x/..' },
  ],
  'a file below a link': [
    { path: 'd', type: '5' },
    { path: 'l', type: '2', link: 'd' },
    { path: 'l/f', data: 'x' },
  ],
  'a file over a link': [
    { path: 'l', type: '2', link: 'f' },
    { path: 'l', data: 'x' },
  ],
  'a duplicate file': [
    { path: 'f', data: '1' },
    { path: 'f', data: '2' },
  ],
  'a file over a directory': [
    { path: 'd', type: '5' },
    { path: 'd', data: '2' },
  ],
  'a directory over a file': [
    { path: 'd', data: '2' },
    { path: 'd/e', data: '' },
  ],
  'a hard link': [{ path: 'h', type: '1', link: '/etc/passwd' }],
  'a character device': [{ path: 'c', type: '3' }],
  'a block device': [{ path: 'b', type: '4' }],
  'a fifo': [{ path: 'p', type: '6' }],
  'a wrong checksum': [{ path: 'f', data: 'x', badSum: true }],
  'a name that is too long for a disk': [
    { path: 'x', type: 'L', data: `${'n'.repeat(300)}\0` },
    { path: 'f', data: 'x' },
  ],
  'a pax path that climbs out': [
    { path: 'x', type: 'x', data: '18 path=../../evil\n'.replace('18', '19') },
    { path: 'f', data: 'x' },
  ],
  'a pax size that is wrong': [
    { path: 'x', type: 'x', data: '14 size=99999\n' },
    { path: 'f', data: 'x' },
  ],
};
for (const [what, parts] of Object.entries(ATTACKS)) {
  test(`${what} is refused, and nothing is written outside`, () =>
    inTemporary(async (to, outside) => {
      const result = await extractTar(chunks(tar(parts)), to);
      assert.ok(!result.ok);
      assert.equal(result.error.code, 'source_refused');
      assert.deepEqual(readdirSync(outside), ['to']);
      assert.ok(!existsSync('/etc/evil'));
    }));
}

test('archives that are cut off, no archive at all, or larger than allowed are refused', () =>
  inTemporary(async (to) => {
    const limits = { bytes: 1000, entries: 5, pathLength: 50 };
    const refused = async (bytes: Uint8Array) => {
      const result = await extractTar(chunks(bytes), join(to), { limits });
      return result.ok ? undefined : result.error.cause;
    };
    assert.match((await refused(tar([{ path: 'a', data: 'x' }], false))) ?? '', /end/);
    assert.match((await refused(tar([{ path: 'b', size: 900 }], false))) ?? '', /truncated/);
    assert.match((await refused(Buffer.from('not a tar at all'.repeat(100)))) ?? '', /checksum/);
    assert.match((await refused(gzipSync(tar([{ path: 'c', data: 'x' }])).subarray(0, 40))) ?? '', /./);
    assert.match((await refused(tar([{ path: 'e', data: 'x'.repeat(1001) }]))) ?? '', /more than/);
    assert.match((await refused(tar(Array.from({ length: 9 }, (_, i) => ({ path: `f${i}` }))))) ?? '', /entries/);
    assert.match((await refused(tar([{ path: 'g'.repeat(60) }]))) ?? '', /too long/);
  }));

test('no bytes at all make the reader throw or write outside', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          path: fc.constantFrom('a', 'a/b', '../x', '/x', 'l', 'l/x', '.', '', 'a/./b', 'é'),
          type: fc.constantFrom('0', '1', '2', '5', 'x', 'L', 'g', '7', 'Z'),
          link: fc.constantFrom('', '.', '..', 'a', '/etc', 'l/..'),
          data: fc.string({ maxLength: 40 }),
        }),
        { maxLength: 6 },
      ),
      fc.nat(2000),
      fc.nat(255),
      (parts, at, value) =>
        inTemporary(async (to, outside) => {
          const bytes = tar(parts);
          if (at < bytes.length) bytes[at] = value;
          await extractTar(chunks(bytes), to);
          assert.deepEqual(readdirSync(outside), ['to']);
        }),
    ),
    { numRuns: 300 },
  );
});

test('paths and links are judged by their text', () => {
  assert.equal(insidePath('./a//b/', 100), 'a/b');
  assert.equal(insidePath('a/../b', 100), undefined);
  assert.ok(linkStaysInside('a/b/c', '../../d'));
  assert.ok(!linkStaysInside('a/b/c', '../../../d'));
  assert.ok(!linkStaysInside('a', 'b/../..'));
});
