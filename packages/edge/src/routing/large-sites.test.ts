import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const FILES = 40_000;
const bed = new TestBed();
before(() => bed.start());
after(() => bed.stop());

function large(name: string): string {
  const file = bed.file(name, { type: 'text/plain' });
  const folder = name.repeat(40);
  return bed.artifact({
    files: Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`/${folder}/${i}.txt`, file])),
  });
}

test('a large manifest is read without holding up the requests of others', { timeout: 60_000 }, async () => {
  const artifacts = ['a', 'b', 'c'].map(large);
  bed.route('still.localhost', dpl(9), bed.artifact({ files: { '/a.txt': bed.file('still') } }));
  assert.equal((await bed.get('/a.txt', { host: 'still.localhost' })).text, 'still');
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const responses = await Promise.all(
    artifacts.map((artifact, i) => {
      const name = String.fromCharCode(97 + i);
      bed.route(`${name}.localhost`, dpl(i + 1), artifact);
      return bed.get(`/${name.repeat(40)}/${FILES - 1}.txt`, { host: `${name}.localhost` });
    }),
  );
  delays.disable();
  assert.deepEqual(
    responses.map(({ text }) => text),
    ['a', 'b', 'c'],
  );
  // Parsed here, each of them took a second.
  assert.ok(delays.max / 1e6 < 250, `the loop stood still for ${delays.max / 1e6} ms`);
});

test('a manifest that cannot be read is reported, and is not read again for each request', async () => {
  bed.route('broken.localhost', dpl(8), bed.put(`{"version":1,"components":${' '.repeat(100_000)}`).blob);
  for (let i = 0; i < 3; i++) assert.equal((await bed.get('/', { host: 'broken.localhost' })).status, 503);
});
