import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { openHome } from '../../../e2e/builder.ts';
import { packageJson, useBuilder, writeFiles } from '../../../e2e/use-builder.ts';

const { failure, home, web } = useBuilder();

test('a build that hangs is stopped at the time limit', async () => {
  const quick = await openHome({ limits: { minutes: 0.05, diskMb: 256 } });
  try {
    const result = await quick.build(
      quick.commit(writeFiles({ 'package.json': packageJson({ build: 'sleep 600' }), 'lib/a': '' })),
      { settings: { installCommand: '' } },
    );
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'build_timeout');
  } finally {
    await quick.close();
  }
});

test('a canceled build ends at once, as canceled', async () => {
  const cancel = new AbortController();
  const commit = home().commit(writeFiles({ 'package.json': packageJson({ build: 'sleep 600' }) }));
  const result = await home().build(
    commit,
    { settings: { buildCommand: 'echo it-runs-now; sleep 600' } },
    cancel.signal,
    (chunk) => {
      if (/^it-runs-now/m.test(chunk)) cancel.abort();
    },
  );
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'canceled');
});

test('a build that takes all memory is stopped with that reason', async () => {
  const error = await failure({
    'package.json': packageJson({ build: 'node --max-old-space-size=8000 hog.js' }),
    'hog.js': 'const all=[];for(;;)all.push(Buffer.alloc(16<<20,1))',
  });
  assert.equal(error.code, 'build_out_of_memory');
});

test('a build that fills its disk fails with that reason, and the next one builds', async () => {
  const error = await failure({ 'package.json': packageJson({ build: 'head -c 3000000000 /dev/zero > big' }) });
  assert.equal(error.code, 'build_out_of_disk');
  await web({ 'index.html': 'fine again' });
});

test('folders nested too deep to delete do not stop the next build', async () => {
  await web({
    'package.json': packageJson({ build: 'mkdir -p dist && echo x > dist/index.html && node deep.js' }),
    'deep.js': 'for(let i=0;i<3000;i++){require("fs").mkdirSync("ddd");process.chdir("ddd")}',
  });
  await home().builder.idle();
  await web({ 'index.html': 'still fine' });
});

test('a fork bomb is stopped with that reason', async () => {
  const error = await failure({
    'package.json': packageJson({ build: 'node bomb.js' }),
    'bomb.js':
      'const {spawn}=require("child_process");let n=0;for(let i=0;i<400;i++)spawn("sleep",["60"]).on("error",()=>{n++;});setTimeout(()=>process.exit(1),1500)',
  });
  assert.equal(error.code, 'build_too_many_processes');
});

test('hundreds of megabytes of output are cut with a note and not buffered in memory', async () => {
  const before = process.memoryUsage().rss;
  const { observed } = await web({
    'package.json': packageJson({
      build:
        'yes 0123456789012345678901234567890123456789 | head -c 400000000; mkdir -p dist; echo ok > dist/index.html',
    }),
  });
  assert.ok(observed.bytes > 3 * 1048576 && observed.bytes < 5 * 1048576, `${observed.bytes} bytes passed on`);
  assert.ok(process.memoryUsage().rss - before < 300 * 1048576);
});
