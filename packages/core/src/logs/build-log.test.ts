import { test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../names/id.ts';
import type { LogLine } from './log-line.ts';
import type { Ports } from '../ports/ports.ts';
import { BuildLog } from './build-log.ts';

const MB = 1_048_576;
/** The output of each in MB, and its text. Both take far more in a file of JSON lines than in a terminal. */
const FLOODS = [
  ['letters', 'x'.repeat(1_000)],
  ['control characters', '\x01'.repeat(1_000)],
  ['empty lines', ''],
  ['quotes', '"'.repeat(1_000)],
] as const;

for (const [what, line] of FLOODS) {
  test(`the log of a build that prints ${what} takes at most a little over 20 MB as stored, and says that it was cut`, async () => {
    let stored = 0;
    let lines = 0;
    let cut = '';
    const append = async (_kind: string, _id: string, batch: readonly Omit<LogLine, 'n'>[]): Promise<void> => {
      for (const each of batch) {
        lines += 1;
        stored +=
          Buffer.byteLength(
            JSON.stringify({ n: lines, at: 1_900_000_000_000, level: each.level, step: each.step, text: each.text }),
          ) + 1;
        if (each.text.includes('The log is cut here')) cut = each.text;
      }
    };
    const log = new BuildLog(
      { logs: { append } as unknown as Ports['logs'], clock: { now: () => 1 } as Ports['clock'] },
      newId('dpl', 1),
      [],
    );
    const chunk = `${line}\n`.repeat(Math.ceil(65_536 / (line.length + 1)));
    for (let printed = 0; printed < (line === '' ? 1 : 24) * MB; printed += chunk.length)
      log.output(chunk, 'info', 'build');
    await log.flush();
    assert.ok(stored < 21 * MB, `${(stored / MB).toFixed(1)} MB`);
    assert.ok(stored > 15 * MB);
    assert.match(cut, /20 MB/);
  });
}

test('large secrets are prepared once for a log, not for each of its lines', async () => {
  const texts: string[] = [];
  const append = async (_kind: string, _id: string, batch: readonly Omit<LogLine, 'n'>[]): Promise<void> =>
    void texts.push(...batch.map(({ text }) => text));
  const secrets = Array.from({ length: 40 }, (_, i) => `${i}-secret-`.repeat(6_000));
  const log = new BuildLog(
    { logs: { append } as unknown as Ports['logs'], clock: { now: () => 1 } as Ports['clock'] },
    newId('dpl', 1),
    secrets,
  );
  const started = performance.now();
  for (let i = 0; i < 500; i++) log.note(`step ${i}`);
  assert.ok(performance.now() - started < 2_000);
  log.note(`it is ${secrets[7]}`);
  await log.flush();
  assert.equal(texts.length, 501);
  assert.ok(!texts.at(-1)?.includes('7-secret-7'));
});
