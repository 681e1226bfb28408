import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { PRIVATE_BLOCKS } from '@anchor/core/names/private-networks.ts';
import type { SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { inSandbox, runIn } from '@anchor/testing/contracts/sandboxes.ts';
import { run } from './command.ts';
import { CONNECTIONS, METADATA_ADDRESSES } from './firewall.ts';
import { createNetworkPool } from './network-pool.ts';
import { makeSandboxes } from './testing.ts';

const node = { kind: 'read', from: dirname(process.execPath), to: '/node' } as const;
const outbound = { network: 'outbound', mounts: [node], limits: { memoryMb: 512, cpus: 1, processes: 64 } } as const;

/** Inside: tries to connect to each target and prints which responded. */
const PROBE = `
const net = require('node:net');
const tryOne = (target) => new Promise((done) => {
  const socket = net.connect(target.path ? { path: target.path.replace('@', '\\0') } : target);
  const end = (connected) => { socket.destroy(); done(connected); };
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
  const own = Object.values(networkInterfaces())
    .flat()
    .flatMap((each) => (each === undefined ? [] : [each]));
  await inSandbox(sandboxes, outbound, async (sandbox) => {
    const gateway = (
      await runIn(sandbox, ['/bin/sh', '-c', 'ip route | sed -n "s/default via \\([0-9.]*\\).*/\\1/p"'], {
        env: { PATH: '/usr/sbin:/usr/bin' },
      })
    ).out.trim();
    assert.match(gateway, /^\d+\.\d+\.\d+\.\d+$/);
    const addresses = [...own.map((each) => each.address), gateway];
    const targets = [
      ...addresses.flatMap((host) => (host.includes(':') ? [{ host, port: v6 }] : [{ host, port }])),
      { host: '127.0.0.1', port: loopback },
      { host: 'localhost', port: loopback },
    ];
    assert.deepEqual(
      await reached(sandbox, targets),
      targets.map(() => false),
    );
    assert.equal(
      (await runIn(sandbox, ['/bin/cat', '/proc/net/if_inet6'])).out
        .split('\n')
        .filter((line) => line !== '' && !line.endsWith(' lo')).length,
      0,
    );
  });
});

test("two sandboxes reach neither each other's ports nor abstract sockets", async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, outbound, async (first) => {
    const server = first.spawn({
      argv: [
        '/node/node',
        '-e',
        `
        const net = require('node:net'), os = require('node:os');
        net.createServer((s) => s.end()).listen(4000, '0.0.0.0', () => net.createServer((s) => s.end()).listen('\\0anchor-test', () => console.log(os.networkInterfaces().eth0[0].address)));`,
      ],
      env: {},
      cwd: '/',
    });
    let address = '';
    for await (const part of server.stdout) {
      address = Buffer.from(part).toString('utf8').trim();
      break;
    }
    assert.deepEqual(await reached(first, [{ host: '127.0.0.1', port: 4000 }, { path: '@anchor-test' }]), [true, true]);
    // Even when an operator allows the whole range.
    await inSandbox(
      sandboxes,
      { ...outbound, allow: ['10.0.0.0/8', '172.16.0.0/12', '100.64.0.0/10'] },
      async (second) => {
        assert.deepEqual(
          await reached(second, [
            { host: address, port: 4000 },
            { host: '127.0.0.1', port: 4000 },
            { path: '@anchor-test' },
          ]),
          [false, false, false],
        );
      },
    );
  });
});

let made = 0;
/** A machine next to this one, on a private and on a link-local address, with a server on port 80. */
const neighbour = async (t: { after: (end: () => Promise<void>) => void }): Promise<readonly string[]> => {
  const id = (process.pid + 100 * made) % 250;
  const name = `at-${process.pid}-${made++}`;
  const link = name;
  const addresses = [`10.99.${id}.2`, `169.254.99.${id}`];
  const ip = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await run(['ip', ...args]);
    assert.equal(code, 0, stderr);
  };
  await ip('netns', 'add', name);
  t.after(async () => void (await run(['ip', 'netns', 'del', name])));
  t.after(async () => void (await run(['ip', 'link', 'del', link])));
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  await ip('addr', 'add', `10.99.${id}.1/30`, 'dev', link);
  await ip('link', 'set', link, 'up');
  for (const address of addresses) await ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', 'eth0');
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  await ip('-n', name, 'route', 'add', 'default', 'via', `10.99.${id}.1`);
  await ip('route', 'add', `${addresses[1]}/32`, 'via', `10.99.${id}.2`);
  const server = spawn(
    'ip',
    [
      'netns',
      'exec',
      name,
      process.execPath,
      '-e',
      `require('node:net').createServer((s) => s.end()).listen(80, '0.0.0.0', () => console.log('ready'))`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(async () => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  return addresses;
};

test('private and metadata addresses are dropped, and what is allowed is reached, but nothing more', async (t) => {
  const sandboxes = await sandboxesFor(t);
  const [privateHost = '', linkLocal = ''] = await neighbour(t);
  const targets = [
    { host: privateHost, port: 80 },
    { host: linkLocal, port: 80 },
  ];
  await inSandbox(sandboxes, outbound, async (sandbox) =>
    assert.deepEqual(await reached(sandbox, targets), [false, false]),
  );
  await inSandbox(sandboxes, { ...outbound, allow: [`${privateHost}/30`] }, async (sandbox) =>
    assert.deepEqual(await reached(sandbox, targets), [true, false]),
  );
  await inSandbox(sandboxes, { ...outbound, allow: [`${linkLocal}/32`] }, async (sandbox) =>
    assert.deepEqual(await reached(sandbox, targets), [false, true]),
  );
  await inSandbox(sandboxes, outbound, async (sandbox) =>
    assert.deepEqual(await reached(sandbox, targets), [false, false], 'the exception went with its sandbox'),
  );
});

/** Inside: opens many flows at once to one address, a datagram each, or connections; prints how many were refused. */
const FLOOD = `
const [host, kind, count] = process.argv.slice(1);
const refused = {};
let sent = 0, open = 0;
const note = (error) => { if (error) refused[error.code] = (refused[error.code] ?? 0) + 1; };
const end = () => process.stdout.write(JSON.stringify({ open, refused }), () => process.exit());
if (kind === 'udp') {
  const socket = require('node:dgram').createSocket('udp4').on('error', note);
  const burst = () => {
    for (let i = 0; i < 200 && sent < count; i++) socket.send('x', 1000 + sent++, host, note);
    sent < count ? setTimeout(burst, 1) : setTimeout(end, 200);
  };
  burst();
} else {
  let left = Number(count);
  const done = (error) => { note(error); if (!error) open++; if (--left === 0) end(); };
  for (let i = 0; i < count; i++) require('node:net').connect(80, host).once('connect', () => done()).once('error', done);
}
`;
const flooded = async (
  sandbox: SandboxHandle,
  host: string,
  kind: 'udp' | 'tcp',
  count: number,
): Promise<Readonly<{ open: number; refused: Readonly<Record<string, number>> }>> => {
  const { out, err } = await runIn(sandbox, ['/node/node', '-e', FLOOD, host, kind, String(count)]);
  assert.equal(err, '');
  return JSON.parse(out) as { open: number; refused: Record<string, number> };
};
/**
 * How many entries to `host` the machine's table of connections has; those of other sandboxes come and go meanwhile.
 */
const tracked = async (host: string): Promise<number> =>
  (await readFile('/proc/net/nf_conntrack', 'utf8')).split('\n').filter((entry) => entry.includes(` dst=${host} `))
    .length;

test(
  'a sandbox that opens thousands of connections meets its own limit, and another one connects',
  { timeout: 60_000 },
  async (t) => {
    const sandboxes = await sandboxesFor(t);
    const [host = ''] = await neighbour(t);
    const spec = { ...outbound, allow: [`${host}/32`] };
    await inSandbox(sandboxes, spec, async (greedy) => {
      await flooded(greedy, host, 'udp', 20_000);
      const taken = await tracked(host);
      assert.ok(
        taken > CONNECTIONS.burst / 2 && taken < CONNECTIONS.atOnce * 1.5,
        `${taken} entries of the machine's table`,
      );
      const { refused } = await flooded(greedy, host, 'tcp', 500);
      assert.ok((refused['ECONNREFUSED'] ?? 0) > 50, `refused at once: ${JSON.stringify(refused)}`);
      await inSandbox(sandboxes, spec, async (modest) =>
        assert.deepEqual(await flooded(modest, host, 'tcp', 100), { open: 100, refused: {} }),
      );
    });
  },
);

test('the limits precede the rules of another version of the platform, whichever starts last', async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, outbound, async () => {
    // As a version without limits does when its own rule was flushed.
    await run(['iptables', '-w', '-D', 'FORWARD', '-i', 'anchor-+', '-j', 'ANCHOR-FORWARD']);
    await run(['iptables', '-w', '-I', 'FORWARD', '1', '-i', 'anchor-+', '-j', 'ANCHOR-FORWARD']);
    await inSandbox(sandboxes, outbound, async () => {
      const { stdout } = await run(['iptables', '-w', '-S', 'FORWARD']);
      assert.match(stdout.split('\n').find((rule) => rule.includes('-i anchor-+')) ?? '', /ANCHOR-LIMIT/);
    });
  });
});

test('every private block has a rule that drops, and the metadata address meets it', async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, outbound, async (sandbox) => {
    const dropped = async (): Promise<ReadonlyMap<string, number>> => {
      const stdout = (
        await Promise.all(['ANCHOR-LIMIT', 'ANCHOR-FORWARD'].map((chain) => run(['iptables', '-w', '-nvxL', chain])))
      )
        .map((ran) => ran.stdout)
        .join('\n');
      return new Map(
        stdout
          .split('\n')
          .map((line) => line.trim().split(/\s+/))
          .filter((words) => words[2] === 'DROP')
          .map((words) => [words[8] ?? '', Number(words[0])]),
      );
    };
    const before = await dropped();
    for (const block of [...PRIVATE_BLOCKS, ...METADATA_ADDRESSES])
      assert.ok(before.has(block.replace(/\/32$/, '')), block);
    const hosts = [
      '169.254.169.254',
      '10.1.2.3',
      '172.20.1.1',
      '192.168.1.1',
      '100.100.100.200',
      '168.63.129.16',
      '192.0.0.192',
    ];
    assert.deepEqual(
      await reached(
        sandbox,
        hosts.map((host) => ({ host, port: 80 })),
      ),
      hosts.map(() => false),
    );
    const after = await dropped();
    for (const block of [
      '169.254.0.0/16',
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '100.64.0.0/10',
      '168.63.129.16',
      '192.0.0.0/24',
    ])
      assert.ok((after.get(block) ?? 0) > (before.get(block) ?? 0), block);
  });
});

test('the internet is reached by name', async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, outbound, async (sandbox) => {
    const { out, err } = await runIn(
      sandbox,
      [
        '/node/node',
        '-e',
        `fetch('https://registry.npmjs.org/node/latest').then((answer) => process.stdout.write(String(answer.status)))`,
      ],
      { env: { NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt' } },
    );
    assert.equal(out, '200', err);
  });
});

test('without network there is a loopback and nothing else', async (t) => {
  const sandboxes = await sandboxesFor(t);
  await inSandbox(sandboxes, { ...outbound, network: 'none' }, async (sandbox) => {
    assert.deepEqual(
      (await runIn(sandbox, ['/bin/sh', '-c', 'sed 1,2d /proc/net/dev | cut -d: -f1'])).out.trim(),
      'lo',
    );
  });
});

test('pools of two instances filled at once get different links, each behind the rules, and all go', async () => {
  const pools = [createNetworkPool('11111111', () => ['1.1.1.1']), createNetworkPool('22222222', () => ['1.1.1.1'])];
  for (const warmed of await Promise.all(pools.map((pool) => pool.warm(3))))
    assert.deepEqual(warmed, { ok: true, value: undefined });
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
  assert.deepEqual(
    links.filter((link) => left.includes(link)),
    [],
  );
});

// docs/configuration.md, "A database on the same machine", makes Postgres accept these addresses.
test('a server on an address of the machine that is allowed as /32 is reached, and sees an address of the sandboxes', async (t) => {
  const sandboxes = await sandboxesFor(t);
  const own = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
  if (own === undefined) return t.skip('this machine has no address of its own');
  const seen: (string | undefined)[] = [];
  const server = createServer((socket) => {
    seen.push(socket.remoteAddress);
    socket.end();
  });
  server.listen(0, own);
  await once(server, 'listening');
  t.after(() => server.close());
  const target = [{ host: own, port: (server.address() as AddressInfo).port }];
  await inSandbox(sandboxes, outbound, async (sandbox) => assert.deepEqual(await reached(sandbox, target), [false]));
  await inSandbox(sandboxes, { ...outbound, allow: [`${own}/32`] }, async (sandbox) =>
    assert.deepEqual(await reached(sandbox, target), [true]),
  );
  assert.match(seen[0] ?? '', /^(?:::ffff:)?(?:10\.20[0-3]|172\.(?:28|29|30|31)|10\.7[6-9]|100\.12[0-3])\./);
});
