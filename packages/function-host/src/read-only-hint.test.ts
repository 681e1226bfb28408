import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogPipe } from './log-pipe.ts';
import type { FunctionLine } from './log-lines.ts';
import { readOnlyHint } from './read-only-hint.ts';

const ROWS: readonly (readonly [line: string, says: RegExp | undefined])[] = [
  ["Error: EROFS: read-only file system, open '/app/data/counter.txt'", /Cannot write "data\/counter\.txt".*\/tmp/],
  ["Error: EROFS: read-only file system, mkdir './uploads'", /Cannot make ".\/uploads".*bucket/],
  ["[Error: EROFS: read-only file system, open '/app/prisma/dev.db-journal']", /database that is reached by network/],
  ['SqliteError: attempt to write a readonly database', /SQLite cannot write its file/],
  ["SqliteError: unable to open database file { code: 'SQLITE_CANTOPEN' }", /SQLite/],
  ["OSError: [Errno 30] Read-only file system: '/app/x'", /Cannot write "x"/],
  ['mkdir: cannot create directory: Read-only file system', /read-only/],
  ["Error: ENOENT: no such file or directory, mkdir './data'", /Cannot make ".\/data"/],
  ["Error: ENOENT: no such file or directory, mkdir '/tmp/a/b'", undefined],
  ["Error: ENOENT: no such file or directory, open './data'", undefined],
  ['EACCES: permission denied', undefined],
  ['all is well', undefined],
];
for (const [line, says] of ROWS) {
  test(`${line.slice(0, 60)} ${says === undefined ? 'needs no hint' : 'is explained'}`, () => {
    const hint = readOnlyHint(line);
    if (says === undefined) assert.equal(hint, undefined);
    else assert.match(hint ?? '', says);
  });
}

test('a failed write is explained in the run log once, beside its own line and request', async () => {
  const lines: FunctionLine[] = [];
  const pipe = new LogPipe({ add: (line) => void lines.push(line), flush: () => Promise.resolve() }, [], {
    linesPerSecond: 1_000,
    logBytesPerSecond: 1 << 20,
  });
  const failed = "\x1ereq-1\x1ferror\x1fError: EROFS: read-only file system, open '/app/a.txt'\n";
  await pipe.read({ stdout: bytes(failed + failed), stderr: bytes('') });
  assert.deepEqual(
    lines.map(({ level, requestId }) => [level, requestId]),
    [
      ['error', 'req-1'],
      ['warn', 'req-1'],
      ['error', 'req-1'],
    ],
  );
  assert.match(lines[1]?.text ?? '', /^anchor: Cannot write "a\.txt"/);
  assert.equal(pipe.tail().length, 2, 'the last lines stay the application’s own');
});

async function* bytes(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text);
}
