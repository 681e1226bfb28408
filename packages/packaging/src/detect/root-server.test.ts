import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listeningServer } from './root-server.ts';

const find = (files: Readonly<Record<string, string>>): Promise<string | undefined> =>
  listeningServer(Object.keys(files), (path) => Promise.resolve(files[path]));

test('a root file called server that opens a port is found', async () => {
  assert.equal(
    await find({ 'server.js': 'const app = express();\napp.listen(process.env.PORT ?? 3000);' }),
    'server.js',
  );
  assert.equal(await find({ 'server.js': 'createServer(app)\n  .listen (3000)' }), 'server.js');
  assert.equal(
    await find({ 'server.mjs': "import { serve } from '@hono/node-server';\nserve({ fetch: app.fetch });" }),
    'server.mjs',
  );
  assert.equal(await find({ 'server.js': 'module.exports = {};', 'server.ts': 'app.listen(1);' }), 'server.ts');
});

test('a file that opens none, and one by another name, are no servers', async () => {
  assert.equal(
    await find({ 'server.js': 'export const serverUrl = "https://api.example.com"; export function observe() {}' }),
    undefined,
  );
  assert.equal(await find({ 'vite.config.js': 'server.listen(1)', 'src/server.js': 'app.listen(1)' }), undefined);
  assert.equal(await listeningServer(['server.js'], () => Promise.resolve(undefined)), undefined);
});
