import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { test } from 'node:test';
import type { SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { inSandbox, runIn } from '@anchor/testing/contracts/sandboxes.ts';
import { run } from './command.ts';
import { PRIVATE_BLOCKS } from './firewall.ts';
import { createNetworkPool } from './network-pool.ts';
import { makeSandboxes } from './testing.ts';

const node = { kind: 'read', from: dirname(process.execPath), to: '/node' } as const;
const outbound = { network: 'outbound', mounts: [node], limits: { memoryMb: 512, cpus: 1, processes: 64 } } as const;

/** Inside: tries to connect to each target and tells which answered. */
const PROBE = `
const net = require('node:net');
const tryOne = (target) => new Promise((done) => {
  const socket = net.connect(target.path ? { path: target.path.replace('@', '\\0') } : target);
  const end = (answer) => { socket.destroy(); done(answer); };
  socket.setTimeout(1500, () => end(false)).on('connect', () => end(true)).on('error', () => end(false));
});
Promise.all(JSON.parse(process.argv[1]).map(tryOne)).then((all) => process.stdout.write(JSON.stringify(all)));
`;
type Target = Readonly<{ host: string; port: number } | { path: string }>;
const reached = async (sandbox: SandboxHandle, targets: readonly Target[]): Promise<readonly boolean[]> => {
  const { out, err } = await runIn(sandbox, ['/node/node', '-e', PROBE, JSON.stringify(targets)]);
  assert.equal(err, '');
  return JSON.parse(out) as boolean[];
};

const sandboxesFor = async (t: { after: (end: () => Promise<void>) => void }) => {
  const made = await makeSandboxes();
  t.after(made.end);
  return made.subject;
};

const listening = async (t: { after: (end: () => void) => void }, host: string): Promise<number> => {
  const server = createServer((socket) => socket.end());
  t.after(() => server.close());
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

test('nothing that listens on this machine can be reached from a sandbox, whatever its address', async (t) => {
  const sandboxes = await sandboxesFor(t);
  const port = await listening(t, '0.0.0.0');
  const loopback = await listening(t, '127.0.0.1');
  const v6 = await listening(t, '::');
  const own = Object.values(networkInterfaces()).flat().flatMap((each) => (each === undefined ? [] : [each]));
  await inSandbox(sandboxes, outbound, async (sandbox) => {
    const gateway = (await runIn(sandbox, ['/bin/sh', '-c', 'ip route | sed -n "s/default via \\([0-9.]*\\).*/\\1/p"'], { env: { PATH: '/usr/sbin:/usr/bin' } })).out.trim();
    assert.match(gateway, /^\d+\.\d+\.\d+\.\d+$/);
    const addresses = [...own.map((each) => each.address), gateway];
    const targets = [...addresses.flatMap((host) => (host.includes(':') ? [{ host, port: v6 }] : [{ host, port }])), { host: '127.0.0.1', port: loopback }, { host: 'localhost', port: loopback }];
    assert.deepEqual(await reached(sandbox, targets), targets.map(() => false));
    assert.equal((await runIn(sandbox, ['/bin/cat', '/proc/net/if_inet6'])).out.split('\n').filter((line) => line !== '' && !line.endsWith(' lo')).length, 0);
  });
});

test('two sandboxes reach neither each other\'s ports nor abstract sockets', async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, outbound, async (first) => {
    const server = first.spawn({
      argv: ['/node/node', '-e', `
        const net = require('node:net'), os = require('node:os');
        net.createServer((s) => s.end()).listen(4000, '0.0.0.0', () => net.createServer((s) => s.end()).listen('\\0anchor-test', () => console.log(os.networkInterfaces().eth0[0].address)));`],
      env: {}, cwd: '/',
    });
    let address = '';
    for await (const part of server.stdout) {
      address = Buffer.from(part).toString('utf8').trim();
      break;
    }
    assert.deepEqual(await reached(first, [{ host: '127.0.0.1', port: 4000 }, { path: '@anchor-test' }]), [true, true]);
    // Even when somebody allows the whole range.
    await inSandbox(sandboxes, { ...outbound, allow: ['10.0.0.0/8', '172.16.0.0/12', '100.64.0.0/10'] }, async (second) => {
      assert.deepEqual(await reached(second, [{ host: address, port: 4000 }, { host: '127.0.0.1', port: 4000 }, { path: '@anchor-test' }]), [false, false, false]);
    });
  });
});

/** A machine next to this one, on a private and on a link-local address, that answers on port 80. */
const neighbour = async (t: { after: (end: () => Promise<void>) => void }): Promise<readonly string[]> => {
  const id = process.pid % 250;
  const [name, link] = [`at-${process.pid}`, `at-${process.pid}`];
  const addresses = [`10.99.${id}.2`, `169.254.99.${id}`];
  const ip = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await run(['ip', ...args]);
    assert.equal(code, 0, stderr);
  };
  await ip('netns', 'add', name);
  t.after(async () => void (await run(['ip', 'netns', 'del', name])));
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  await ip('addr', 'add', `10.99.${id}.1/30`, 'dev', link);
  await ip('link', 'set', link, 'up');
  for (const address of addresses) await ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', 'eth0');
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  await ip('-n', name, 'route', 'add', 'default', 'via', `10.99.${id}.1`);
  await ip('route', 'add', `${addresses[1]}/32`, 'via', `10.99.${id}.2`);
  const server = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', `require('node:net').createServer((s) => s.end()).listen(80, '0.0.0.0', () => console.log('ready'))`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  return addresses;
};

test('private and metadata addresses are dropped, and what is allowed is reached, but nothing more', async (t) => {
  const sandboxes = await sandboxesFor(t);
  const [privateHost = '', linkLocal = ''] = await neighbour(t);
  const targets = [{ host: privateHost, port: 80 }, { host: linkLocal, port: 80 }];
  await inSandbox(sandboxes, outbound, async (sandbox) => assert.deepEqual(await reached(sandbox, targets), [false, false]));
  await inSandbox(sandboxes, { ...outbound, allow: [`${privateHost}/30`] }, async (sandbox) => assert.deepEqual(await reached(sandbox, targets), [true, false]));
  await inSandbox(sandboxes, { ...outbound, allow: [`${linkLocal}/32`] }, async (sandbox) => assert.deepEqual(await reached(sandbox, targets), [false, true]));
  await inSandbox(sandboxes, outbound, async (sandbox) => assert.deepEqual(await reached(sandbox, targets), [false, false], 'the exception went with its sandbox'));
});

test('every private block has a rule that drops, and the metadata address meets it', async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, outbound, async (sandbox) => {
    const dropped = async (): Promise<ReadonlyMap<string, number>> => {
      const { stdout } = await run(['iptables', '-w', '-nvxL', 'ANCHOR-FORWARD']);
      return new Map(stdout.split('\n').map((line) => line.trim().split(/\s+/)).filter((words) => words[2] === 'DROP').map((words) => [words[8] ?? '', Number(words[0])]));
    };
    const before = await dropped();
    for (const block of PRIVATE_BLOCKS) assert.ok(before.has(block), block);
    const hosts = ['169.254.169.254', '10.1.2.3', '172.20.1.1', '192.168.1.1', '100.100.100.200'];
    assert.deepEqual(await reached(sandbox, hosts.map((host) => ({ host, port: 80 }))), hosts.map(() => false));
    const after = await dropped();
    for (const block of ['169.254.0.0/16', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10']) assert.ok((after.get(block) ?? 0) > (before.get(block) ?? 0), block);
  });
});

test('the internet is reached by name', async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, outbound, async (sandbox) => {
    const { out, err } = await runIn(sandbox, ['/node/node', '-e', `fetch('https://registry.npmjs.org/node/latest').then((answer) => process.stdout.write(String(answer.status)))`], { env: { NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt' } });
    assert.equal(out, '200', err);
  });
});

test('without network there is a loopback and nothing else', async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, { ...outbound, network: 'none' }, async (sandbox) => {
    assert.deepEqual((await runIn(sandbox, ['/bin/sh', '-c', 'sed 1,2d /proc/net/dev | cut -d: -f1'])).out.trim(), 'lo');
  });
});

test('pools of two instances filled at once get different links, each behind the rules, and all go', async () => {
  const pools = [createNetworkPool('11111111', () => ['1.1.1.1']), createNetworkPool('22222222', () => ['1.1.1.1'])];
  for (const warmed of await Promise.all(pools.map((pool) => pool.warm(3)))) assert.deepEqual(warmed, { ok: true, value: undefined });
  const taken = await Promise.all([...pools, ...pools].map((pool) => pool.take()));
  const links = taken.map((network) => {
    assert.ok(network.ok);
    return network.value.link;
  });
  assert.equal(new Set(links).size, links.length);
  assert.equal((await run(['iptables', '-w', '-C', 'FORWARD', '-i', 'anchor-+', '-j', 'ANCHOR-FORWARD'])).code, 0);
  for (const network of taken) if (network.ok) await network.value.close();
  await Promise.all(pools.map((pool) => pool.close()));
  const left = readdirSync('/sys/class/net');
  assert.deepEqual(links.filter((link) => left.includes(link)), []);
});
