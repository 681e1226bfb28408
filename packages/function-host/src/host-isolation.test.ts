import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { must } from './fixtures/testing-home.ts';
import { started, get } from './fixtures/started-host.ts';

test(
  'the variables of the deployment arrive unharmed, and nothing of the host does',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const odd = 'a#b $HOME `x` "q" \'s\' !h\nsecond line\t€ ';
    const deployment = await home.deploy({ variables: { ODD: odd } });
    const env: Record<string, string> = JSON.parse(await get(host, deployment, '/env'));
    assert.equal(env['ODD'], odd);
    assert.equal(env['NODE_ENV'], 'production');
    const known = new Set([
      'ODD',
      'NODE_ENV',
      'LANG',
      'NODE_COMPILE_CACHE',
      'PATH',
      'HOME',
      'TMPDIR',
      'ANCHOR_SOCKET',
      'ANCHOR_CACHE',
      'NODE_OPTIONS',
      'PORT',
      'PWD',
      'OLDPWD',
      'SHLVL',
      '_',
    ]);
    assert.deepEqual(
      Object.keys(env).filter((name) => !known.has(name)),
      [],
    );
  },
);

test(
  "from inside a function nothing of another project's and nothing of the platform's can be reached",
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const mine = await home.deploy();
    const theirs = await home.deploy({ variables: { THEIRS: 'their-value' }, files: { 'theirs.txt': 'their file' } });
    const victim = must(await host.acquire(theirs)).upstreams[0]!;
    assert.ok(victim.kind === 'unix');
    const listener = createServer((socket) => socket.end('secret'));
    await new Promise<void>((resolve) => listener.listen(0, '0.0.0.0', resolve));
    t.after(() => listener.close());
    const address = listener.address();
    assert.ok(address !== null && typeof address === 'object');

    for (const path of [
      home.paths.data,
      home.paths.database,
      home.paths.key,
      home.paths.trees,
      home.paths.blobs,
      home.paths.run,
      home.paths.deploymentCache(theirs),
      '/root',
      '/home',
      '/etc/shadow',
      `/proc/${process.pid}/environ`,
      '/proc/1/root/etc/shadow',
      join(process.cwd(), 'package.json'),
    ]) {
      for (const how of ['read', 'list']) {
        const seen = await get(host, mine, `/${how}?path=${encodeURIComponent(path)}`);
        assert.ok(!seen.startsWith('reached') || seen === 'reached []', `${how} ${path}: ${seen}`);
      }
    }
    for (const path of [
      home.paths.hostSocket,
      victim.path,
      victim.path.replace(/\.sock$/, '/fn.sock'),
      '/var/run/docker.sock',
      '/run/dbus/system_bus_socket',
    ]) {
      assert.notEqual(await get(host, mine, `/connect?path=${encodeURIComponent(path)}`), 'reached', path);
    }
    for (const [name, port] of [
      ['127.0.0.1', address.port],
      ['localhost', address.port],
      ['::1', address.port],
      ['169.254.169.254', 80],
      ['10.0.0.1', 80],
      ['192.168.0.1', 80],
      ['172.17.0.1', address.port],
    ] as const) {
      assert.notEqual(await get(host, mine, `/connect?host=${name}&port=${port}`), 'reached', name);
    }
    for (const path of [
      '/app/server.mjs',
      '/app/new',
      '/anchor/preload.js',
      '/node/bin/node',
      '/etc/x',
      '/usr/x',
      '/x',
    ]) {
      assert.ok(!(await get(host, mine, `/write?path=${path}`)).startsWith('reached'), `write ${path}`);
    }
    for (const path of ['/tmp/x', '/cache/x', '/run/anchor/x'])
      assert.ok((await get(host, mine, `/write?path=${path}`)).startsWith('reached'), `write ${path}`);
    const environments: string[] = [];
    for (let pid = 1; pid < 64; pid++) environments.push(await get(host, mine, `/read?path=/proc/${pid}/environ`));
    assert.ok(!environments.join().includes('their-value'));
    const user: { uid: number } = JSON.parse(await get(host, mine, '/whoami'));
    assert.notEqual(user.uid, 0);
  },
);

test(
  'a function that puts a link to another socket in place of its own leads no visitor there',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const mine = await home.deploy();
    for (const target of [home.paths.hostSocket, '/etc/passwd']) {
      assert.equal(await get(host, mine, `/hijack?path=${encodeURIComponent(target)}`), 'linked');
      for (let i = 0; i < 20; i++) assert.equal(await get(host, mine, '/'), 'hello');
    }
  },
);
