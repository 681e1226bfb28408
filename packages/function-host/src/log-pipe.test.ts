import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import type { FunctionLine } from './log-lines.ts';
import { LogPipe } from './log-pipe.ts';

const BYTES_PER_SECOND = 64 * 1_024;

test('a program that prints without end waits, instead of having all of it read', async () => {
  const child = spawn('yes', ['x'.repeat(200)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let read = 0;
  async function* counted(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of stream) {
      read += chunk.length;
      yield chunk;
    }
  }
  const lines: FunctionLine[] = [];
  const pipe = new LogPipe({ add: (line) => void lines.push(line), flush: () => Promise.resolve() }, [], {
    linesPerSecond: 1_000,
    logBytesPerSecond: BYTES_PER_SECOND,
  });
  const begin = performance.now();
  const reading = pipe.read({ stdout: counted(child.stdout), stderr: none() });
  // More than is read at once, so that the pace shows.
  await until('it has read for a while', () => read > BYTES_PER_SECOND * 13);
  const seconds = (performance.now() - begin) / 1_000;
  const soFar = read;
  child.kill('SIGKILL');
  await reading;
  assert.ok(soFar > BYTES_PER_SECOND, `${soFar} bytes`);
  // Four times what is kept a second, eight times at once, and what fits into the pipe.
  assert.ok(soFar <= BYTES_PER_SECOND * (4 * seconds + 8) + 3 * 65_536, `${soFar} bytes in ${seconds} s`);
  assert.match(lines.at(-1)?.text ?? '', /lines were not kept/);
});

async function* none(): AsyncIterable<Uint8Array> {}
