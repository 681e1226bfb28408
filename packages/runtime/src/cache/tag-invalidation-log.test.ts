import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { TagInvalidations } from './tag-invalidations.ts';

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'tags.log');
}

test('a long log is rewritten, with the same content', async (t) => {
  const file = await temporary(t);
  const [writer, reader] = [new TagInvalidations(file), new TagInvalidations(file)];
  writer.invalidate(['once'], undefined);
  writer.invalidate(['profile'], { expire: 3600 });
  writer.invalidate(['both'], undefined);
  writer.invalidate(['both'], {});
  reader.refresh();
  const before = Date.now();
  for (let i = 0; i < 25_000; i++) writer.replace(`_A_G_/page-${i % 10}`, before + i / 1000);
  assert.ok(statSync(file).size < 1_100_000, `${statSync(file).size} bytes`);
  reader.refresh();
  const late = new TagInvalidations(file);
  late.refresh();
  for (const clock of [writer, reader, late]) {
    const madeAt = before - 60_000;
    assert.deepEqual(
      [
        clock.expired(['once'], madeAt),
        clock.expired(['profile'], madeAt),
        clock.stale(['profile'], madeAt),
        clock.expired(['both'], madeAt),
        clock.stale(['both'], madeAt),
      ],
      [true, false, true, true, true],
    );
    assert.equal(clock.latest(['_A_G_/page-9']), before + 24.999);
  }
});

test('no invalidation is lost while several processes write and shorten the log', { timeout: 120_000 }, async (t) => {
  const file = await temporary(t);
  const code = `const { TagInvalidations } = await import(${JSON.stringify(new URL('./tag-invalidations.ts', import.meta.url).href)});
const [name] = process.argv.slice(1);
const clock = new TagInvalidations(${JSON.stringify(file)});
for (let i = 0; i < 12_000; i++) {
  clock.replace('_A_G_/shared-page-with-a-long-name-' + 'x'.repeat(60) + (i % 5), i);
  if (i % 100 === 0) clock.invalidate([name + '-' + i], undefined);
}`;
  const names = ['one', 'two', 'three'];
  const codes = await Promise.all(
    names.map(
      async (name) =>
        (
          await once(
            spawn(
              process.execPath,
              ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code, name],
              { stdio: ['ignore', 'ignore', 'inherit'] },
            ),
            'exit',
          )
        )[0] as number,
    ),
  );
  assert.deepEqual(codes, [0, 0, 0]);
  const clock = new TagInvalidations(file);
  clock.refresh();
  const lost = names
    .flatMap((name) => Array.from({ length: 120 }, (_, i) => `${name}-${i * 100}`))
    .filter((tag) => !clock.expired([tag], 1));
  assert.deepEqual(lost, []);
  assert.ok(statSync(file).size < 3_000_000, `${statSync(file).size} bytes`);
});
