import { execFileSync } from 'node:child_process';
import { plain } from '../../e2e/platform.ts';
import { nodeServer } from '../../e2e/repository.ts';
import { deploy, deployWorker, end, flood, startWorker, type Attack } from './attack.ts';

/** H2: writes as fast as it can where functions may write. */
export const disk: Attack = {
  id: 'disk',
  what: 'a function that fills its disk',
  async prepare(platform) {
    const host = await deployWorker(
      platform,
      'filler',
      "const fs = require('node:fs'); const bytes = Buffer.alloc(4 << 20, 1); let n = 0;",
      "fs.writeFileSync((n % 2 ? '/tmp/f' : '/cache/f') + n++, bytes);",
    );
    return startWorker(platform, host);
  },
};

/** H5: a new flow of the connection table with every packet. The packets end at an interface of this machine. */
export const connections: Attack = {
  id: 'connections',
  what: 'a function that opens 80,000 connections a second',
  async prepare(platform) {
    const ip = (...args: string[]): unknown => execFileSync('ip', args, { stdio: 'ignore' });
    const host = await deployWorker(
      platform,
      'flows',
      "const socket = require('node:dgram').createSocket('udp4'); socket.on('error', () => {}); let n = 0;",
      "for (let i = 0; i < 400; i++) { n++; socket.send('x', 1000 + (n >> 8) % 60000, '203.0.113.' + (2 + (n & 127)), () => {}); }",
    );
    return async () => {
      ip('link', 'add', 'anbench0', 'type', 'veth', 'peer', 'name', 'anbench1');
      for (const args of [
        ['link', 'set', 'anbench1', 'up'],
        ['link', 'set', 'anbench0', 'arp', 'off'],
        ['addr', 'add', '203.0.113.1/24', 'dev', 'anbench0'],
        ['link', 'set', 'anbench0', 'up'],
      ])
        ip(...args);
      const stop = await startWorker(platform, host)();
      return async () => {
        await stop();
        ip('link', 'del', 'anbench0');
      };
    };
  },
};

/** H8: requests that hang on old deployments of one project. */
export const diskSpace: Attack = {
  id: 'room',
  what: 'requests that hang on eight old deployments of one project',
  async prepare(platform) {
    for (let i = 0; i < 8; i++)
      await deploy(
        platform,
        'hog',
        nodeServer(
          `if (req.url === '/hang') { globalThis.held = Buffer.alloc(100 << 20, ${i}); return; } res.end('hog ${i}');`,
        ),
      );
    const { body } = await platform.api<{ items: { url: string }[] }>('GET', '/api/projects/hog/deployments?limit=20');
    const hosts = body.items.map(({ url }) => new URL(url).hostname);
    return async () => {
      const stop = await flood(hosts.length * 4, (i) =>
        plain(platform.edgePort, hosts[i % hosts.length] ?? '', '/hang'),
      );
      return async () => {
        await Promise.all([stop(), end(platform, 'hog')]);
      };
    };
  },
};

/** M9: events in the directory that the function host watches. */
export const inotify: Attack = {
  id: 'inotify',
  what: 'three functions that make files in their socket directory',
  async prepare(platform) {
    const host = await deployWorker(
      platform,
      'events',
      "const fs = require('node:fs'); let n = 0;",
      "for (let i = 0; i < 300; i++) { const file = '/run/anchor/x' + n++ % 50; fs.writeFileSync(file, ''); fs.unlinkSync(file); }",
    );
    return startWorker(platform, host, 3);
  },
};

export const output: Attack = {
  id: 'output',
  what: 'a function that prints without end, with one line that never ends',
  async prepare(platform) {
    const host = await deployWorker(
      platform,
      'printer',
      "const fs = require('node:fs'); const lines = Buffer.alloc(1 << 16, 'x'.repeat(200) + '\\n'); const line = Buffer.alloc(1 << 16, 'y'); let n = 0;",
      'for (let i = 0; i < 20; i++) fs.writeSync(1, n++ % 100 < 50 ? lines : line);',
    );
    return startWorker(platform, host);
  },
};

export const processor: Attack = {
  id: 'processor',
  what: 'functions that compute without end, in four threads each',
  async prepare(platform) {
    const host = await deploy(
      platform,
      'burner',
      nodeServer(`
  if (req.url !== '/go') return void res.end('ok');
  const { Worker } = require('node:worker_threads');
  for (let i = 0; i < 4; i++) new Worker('const until = Date.now() + 60000; while (Date.now() < until);', { eval: true });
  res.end('started');`),
    );
    return async () => {
      await platform.request(host, '/go');
      return () => end(platform, 'burner');
    };
  },
};
