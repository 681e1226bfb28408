import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { linesOf, type LogPage } from '@anchor/core/logs/log-page.ts';
import { newId } from '@anchor/core/names/id.ts';
import type { LogStore } from '@anchor/core/ports/log-store.ts';
import { eventually } from '../eventually.ts';
import { using, type Make } from '../harness.ts';

type NewLine = Omit<LogLine, 'n'>;
const line = (text: string, over: Partial<NewLine> = {}): NewLine => ({
  at: 1_900_000_000_000,
  level: 'info',
  text,
  ...over,
});
const numbered = (from: number, to: number): NewLine[] =>
  Array.from({ length: to - from + 1 }, (_, i) => line(`line ${from + i}`));
const numbers = (lines: readonly LogLine[]): number[] => lines.map(({ n }) => n);
const never = (): AbortSignal => new AbortController().signal;
async function collect(pages: AsyncIterable<LogPage>): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const page of pages) all.push(...linesOf(page));
  return all;
}
/** Yields the lines of a follower one by one. */
async function* lineByLine(pages: AsyncIterable<LogPage>): AsyncGenerator<LogLine, void, void> {
  for await (const page of pages) yield* linesOf(page);
}

export function logStoreContract(name: string, make: Make<LogStore>): void {
  const id = newId('dpl', Date.UTC(2030, 0, 1));

  test(
    `${name}: lines come back whole, numbered from 1, in order of arrival`,
    using(make, async ({ subject }) => {
      assert.deepEqual(await subject.read('build', id, {}), []);
      const lines = [
        line('ünï 🚀 "\\ \n \r \u2028 \0 end', { step: 'build', level: 'warn' }),
        line('', { requestId: 'r1' }),
      ];
      await subject.append('build', id, lines);
      await subject.append('build', id, []);
      await subject.append('build', id, [line('third')]);
      assert.deepEqual(
        await subject.read('build', id, {}),
        [...lines, line('third')].map((one, i) => ({ n: i + 1, ...one })),
      );
    }),
  );

  test(
    `${name}: logs of kinds and deployments are apart`,
    using(make, async ({ subject }) => {
      const other = newId('dpl', Date.UTC(2030, 0, 2));
      await Promise.all([
        subject.append('build', id, [line('b')]),
        subject.append('run', id, [line('r')]),
        subject.append('build', other, [line('o')]),
      ]);
      assert.deepEqual(
        (await subject.read('run', id, {})).map(({ n, text }) => [n, text]),
        [[1, 'r']],
      );
      await subject.remove(id);
      assert.deepEqual(await subject.read('build', id, {}), []);
      assert.deepEqual(await subject.read('run', id, {}), []);
      assert.equal((await subject.read('build', other, {})).length, 1);
    }),
  );

  test(
    `${name}: appends at once lose nothing and keep their order`,
    using(make, async ({ subject }) => {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => subject.append('run', id, [line(`${i}a`), line(`${i}b`)])),
      );
      const texts = (await subject.read('run', id, {})).map(({ text }) => text);
      assert.deepEqual(texts, Array.from({ length: 100 }, (_, i) => [`${i}a`, `${i}b`]).flat());
    }),
  );

  test(
    `${name}: after and limit give the first lines after a number, limit alone the last ones`,
    using(make, async ({ subject }) => {
      await subject.append('build', id, numbered(1, 500));
      assert.deepEqual(numbers(await subject.read('build', id, { after: 0, limit: 3 })), [1, 2, 3]);
      assert.deepEqual(numbers(await subject.read('build', id, { after: 497 })), [498, 499, 500]);
      assert.deepEqual(numbers(await subject.read('build', id, { after: 250, limit: 2 })), [251, 252]);
      assert.deepEqual(numbers(await subject.read('build', id, { after: 500 })), []);
      assert.deepEqual(numbers(await subject.read('build', id, { after: 9999, limit: 2 })), []);
      assert.deepEqual(numbers(await subject.read('build', id, { limit: 3 })), [498, 499, 500]);
      assert.deepEqual(numbers(await subject.read('build', id, { limit: 1000 })).length, 500);
      assert.deepEqual(numbers(await subject.read('build', id, { limit: 0 })), []);
      for (let after = 0; after < 500; after += 7)
        assert.deepEqual(numbers(await subject.read('build', id, { after, limit: 1 })), [after + 1]);
    }),
  );

  test(
    `${name}: lines are selected by level or graver, request and text`,
    using(make, async ({ subject }) => {
      await subject.append('run', id, [
        line('Hello World', { level: 'debug' }),
        line('warned', { level: 'warn', requestId: 'r1' }),
        line('failed hello', { level: 'error', requestId: 'r2' }),
      ]);
      assert.deepEqual(numbers(await subject.read('run', id, { level: 'warn' })), [2, 3]);
      assert.deepEqual(numbers(await subject.read('run', id, { requestId: 'r1' })), [2]);
      assert.deepEqual(numbers(await subject.read('run', id, { text: 'HELLO' })), [1, 3]);
      assert.deepEqual(numbers(await subject.read('run', id, { text: 'hello', limit: 1 })), [3]);
      assert.deepEqual(numbers(await subject.read('run', id, { text: 'hello', level: 'debug', after: 1 })), [3]);
    }),
  );

  test(
    `${name}: a reader stops when it has enough text, and always with a line`,
    using(make, async ({ subject }) => {
      await subject.append(
        'build',
        id,
        Array.from({ length: 50 }, () => line('0123456789')),
      );
      assert.deepEqual(numbers(await subject.read('build', id, { after: 10, maxText: 30 })), [11, 12, 13]);
      assert.deepEqual(numbers(await subject.read('build', id, { after: 10, maxText: 31 })), [11, 12, 13, 14]);
      assert.deepEqual(numbers(await subject.read('build', id, { limit: 20, maxText: 25 })), [48, 49, 50]);
      assert.deepEqual(numbers(await subject.read('build', id, { limit: 2, maxText: 1_000 })), [49, 50]);
      assert.deepEqual(numbers(await subject.read('build', id, { after: 0, maxText: 1 })), [1]);
    }),
  );

  test(
    `${name}: a line above 64 KiB is split, never inside a character`,
    using(make, async ({ subject }) => {
      const text = 'a🚀'.repeat(20_000);
      await subject.append('build', id, [line(text, { step: 'install' })]);
      const lines = await subject.read('build', id, {});
      assert.ok(lines.length > 1);
      assert.equal(lines.map((one) => one.text).join(''), text);
      for (const one of lines) {
        assert.ok(Buffer.byteLength(one.text) <= 64 * 1024);
        assert.equal(one.step, 'install');
        assert.ok(one.text.isWellFormed());
      }
    }),
  );

  test(
    `${name}: a follower gets what is there, what comes, and ends when the log is closed`,
    using(make, async ({ subject }) => {
      await subject.append('build', id, numbered(1, 2));
      const following = collect(subject.follow('build', id, { after: 1 }, never()));
      await subject.append('build', id, numbered(3, 4));
      await new Promise((resolve) => setImmediate(resolve));
      await subject.append('build', id, numbered(5, 5));
      await subject.close('build', id);
      assert.deepEqual(numbers(await following), [2, 3, 4, 5]);
      assert.deepEqual(numbers(await collect(subject.follow('build', id, {}, never()))), [1, 2, 3, 4, 5]);
    }),
  );

  test(
    `${name}: a follower of a log that does not exist yet waits for its lines`,
    using(make, async ({ subject }) => {
      const lines = lineByLine(subject.follow('run', id, { level: 'error' }, never()));
      const first = lines.next();
      await subject.append('run', id, [line('no'), line('yes', { level: 'error' })]);
      assert.equal((await first).value?.text, 'yes');
      await lines.return?.();
    }),
  );

  test(
    `${name}: a follower may start with the last lines only`,
    using(make, async ({ subject }) => {
      await subject.append('run', id, numbered(1, 10));
      const lastTwo = lineByLine(subject.follow('run', id, { limit: 2 }, never()));
      assert.deepEqual([(await lastTwo.next()).value?.n, (await lastTwo.next()).value?.n], [9, 10]);
      const fromNow = lineByLine(subject.follow('run', id, { limit: 0 }, never()));
      let first: number | undefined;
      const next = (async () => {
        first = (await fromNow.next()).value?.n;
      })();
      // Its start cannot be seen from outside: lines are appended until it shows one.
      let last = 10;
      await eventually(async () => {
        last += 1;
        await subject.append('run', id, numbered(last, last));
        assert.ok(first !== undefined);
      });
      await next;
      assert.ok(first !== undefined && first > 10, `${first}`);
      assert.equal((await lastTwo.next()).value?.n, 11);
      await Promise.all([fromNow.return?.(), lastTwo.return?.()]);
    }),
  );

  test(
    `${name}: a follower ends when it is told to`,
    using(make, async ({ subject }) => {
      await subject.append('run', id, numbered(1, 1));
      const stop = new AbortController();
      const seen: number[] = [];
      for await (const one of lineByLine(subject.follow('run', id, {}, stop.signal))) {
        seen.push(one.n);
        stop.abort();
      }
      assert.deepEqual(seen, [1]);
      assert.deepEqual(await collect(subject.follow('run', id, {}, AbortSignal.abort())), []);
    }),
  );

  test(
    `${name}: lines and their numbers go on after opening again`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      await subject.append('build', id, numbered(1, 3));
      const reopened = await reopen();
      await reopened.append('build', id, numbered(4, 4));
      assert.deepEqual(
        (await reopened.read('build', id, {})).map(({ n, text }) => `${n} ${text}`),
        ['1 line 1', '2 line 2', '3 line 3', '4 line 4'],
      );
    }),
  );
}
