import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed();
before(async () => {
  await bed.start();
  await bed.serve(dpl(1), (_, res) => res.end('the function'));
  const values = [
    '(?:a|a)'.repeat(26),
    '(?:a|aa)'.repeat(24),
    '(?:ab?)?'.repeat(24),
    `${'a?'.repeat(26)}${'a'.repeat(26)}`,
    '(a*)*\\1b',
  ];
  bed.site({
    function: true,
    files: { '/slow': bed.file('a file') },
    routing: {
      beforeMiddleware: values.map((value, i) => ({
        sourceRegex: '^/slow$',
        headers: { [`x-${i}`]: '1' },
        has: [{ type: 'header' as const, key: `x-probe-${i}`, value }],
      })),
      middlewareMatchers: [],
      beforeFiles: [],
      onMatch: [],
    },
  });
  bed.routes.set('still.localhost', {
    ...bed.routeOf('still.localhost', dpl(2), bed.artifact({ files: { '/a.txt': bed.file('still') } })),
    projectId: 'prj_00000000000000000002',
  });
});
after(() => bed.stop());

test('no expression of a project holds up the page of another', async () => {
  // Processor time, so that a busy machine does not affect it: one such probe took V8 seconds.
  const before = process.threadCpuUsage();
  const state = { done: false };
  const attack = (async (): Promise<void> => {
    for (let i = 0; i < 10; i++) {
      const probes = await Promise.all(
        ['a'.repeat(26), 'a'.repeat(36), 'a'.repeat(40), 'a'.repeat(25), 'a'.repeat(60)].map((text, n) =>
          bed.get('/slow', { headers: { [`x-probe-${n}`]: `${text}!` } }),
        ),
      );
      assert.ok(probes.every(({ status, text }) => status === 200 && (text === 'a file' || text === 'the function')));
    }
    state.done = true;
  })();
  while (!state.done) {
    assert.equal((await bed.get('/a.txt', { host: 'still.localhost' })).text, 'still');
  }
  await attack;
  const { user, system } = process.threadCpuUsage(before);
  assert.ok(user + system < 3_000_000, `${(user + system) / 1000} ms`);
});

test('matching rules still match, and the project learns why the function decides instead', async () => {
  assert.equal((await bed.get('/slow', { headers: { 'x-probe-0': 'a'.repeat(26) } })).headers['x-0'], '1');
  assert.ok(bed.notes.some(({ deploymentId, text }) => deploymentId === dpl(1) && /regular expressions/.test(text)));
  assert.ok(bed.notes.length <= 2);
});
