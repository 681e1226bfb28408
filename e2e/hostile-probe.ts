import { networkInterfaces } from 'node:os';
import type { Platform } from './platform.ts';

/**
 * Returns a module that attempts everything that rule 5 forbids and returns what it reached. It gets the paths and
 * addresses, so that hiding them is not enough. `neighbour`: the repository of another project. In a function the port
 * of the edge leads to the site's own process, which responds with "probing" whatever host is requested.
 */
export const probe = (platform: Platform, neighbour: string): string => `
const fs = require('node:fs');
const net = require('node:net');
const T = ${JSON.stringify({
  data: platform.data,
  ports: [platform.apiPort, platform.edgePort],
  edgePort: platform.edgePort,
  addresses: Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address),
  pids: ['server', 'host', 'edge-0', 'up'].map((name) => platform.pid(name as 'up')),
  token: platform.token,
  repository: neighbour,
})};
const reached = [];
const attempt = (what, run) => { try { const value = run(); if (value !== false) reached.push(what + (typeof value === 'string' ? ': ' + value.slice(0, 80) : '')); } catch {} };
const connects = (what, options) => new Promise((done) => {
  const socket = net.connect(options, () => { reached.push(what); socket.destroy(); done(); });
  socket.on('error', () => done());
  setTimeout(() => { socket.destroy(); done(); }, 700);
});
const edge = (what, options) => new Promise((done) => {
  let open = false;
  let text = '';
  const socket = net.connect(options, () => { open = true; socket.write('GET / HTTP/1.1\\r\\nHost: neighbour.localhost\\r\\nConnection: close\\r\\n\\r\\n'); });
  const end = () => { if (open && !/\\r\\n\\r\\n(?:7\\r\\n)?probing/.test(text)) reached.push(what); open = false; socket.destroy(); done(); };
  socket.on('data', (data) => { text += data; });
  socket.on('error', end);
  socket.on('close', end);
  setTimeout(end, 2_000);
});
module.exports = async () => {
  reached.length = 0;
  const gateways = (() => { try { return fs.readFileSync('/proc/net/route', 'utf8').split('\\n').slice(1).map((line) => line.split('\\t')[2]).filter((hex) => hex && hex !== '00000000').map((hex) => hex.match(/../g).reverse().map((byte) => parseInt(byte, 16)).join('.')); } catch { return []; } })();
  const waiting = [];
  for (const host of new Set(['127.0.0.1', '::1', '0.0.0.0', 'localhost', ...T.addresses, ...gateways])) for (const port of T.ports) waiting.push((port === T.edgePort ? edge : connects)('port ' + host + ':' + port, { host, port }));
  for (const host of ['169.254.169.254', '169.254.170.2', 'fd00:ec2::254']) waiting.push(connects('metadata ' + host, { host, port: 80 }));
  for (const name of ['host.sock', 'edge-0.sock', 'edge-1.sock']) waiting.push(connects('socket ' + name, { path: T.data + '/run/' + name }));
  await Promise.all(waiting);
  for (const file of ['anchor.db', 'key', 'admin-token', 'lock', 'run/pids.json']) attempt('file ' + file, () => fs.readFileSync(T.data + '/' + file, 'latin1'));
  for (const directory of ['', '/disks', '/git', '/logs', '/blobs', '/cache', '/trees', '/run']) attempt('directory ' + directory, () => fs.readdirSync(T.data + directory).join());
  attempt('repository of the neighbour', () => fs.readdirSync(T.repository).join());
  attempt('/root', () => fs.readdirSync('/root').join() || false);
  attempt('shadow', () => fs.readFileSync('/etc/shadow', 'utf8').includes('root:') && 'yes');
  for (const pid of T.pids) { attempt('signal ' + pid, () => { const line = fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1'); return /bundles\\/[0-9a-f]+\\/\\w+\\.mjs|apps\\/local/.test(line) && line; }); }
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name))) attempt('process ' + pid, () => { const text = fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1') + fs.readFileSync('/proc/' + pid + '/environ', 'latin1'); return (/bundles\\/[0-9a-f]+\\/\\w+\\.mjs|apps\\/local|ANCHOR_PLATFORM|PROJECT=neighbour/.test(text) || text.includes(T.token)) && text; });
  attempt('environment', () => Object.entries(process.env).some(([name, value]) => name === 'ANCHOR_PLATFORM_SETTINGS' || value.includes(T.token) || value.includes(T.data)) && 'yes');
  for (const directory of ['/tmp', '/cache', '/run/anchor', '/var/tmp', '/dev/shm']) attempt('neighbour in ' + directory, () => fs.readdirSync(directory, { recursive: true }).some((name) => /neighbour/.test(name)) && 'yes');
  attempt('several functions in /run/anchor', () => fs.readdirSync('/run/anchor').filter((name) => name.endsWith('.sock')).length > 1 && fs.readdirSync('/run/anchor').join());
  for (const file of ['/anchor/preload.js', '/node/bin/node', '/etc/passwd', '/sys/fs/cgroup/cgroup.procs', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger']) attempt('write ' + file, () => { fs.closeSync(fs.openSync(file, 'a')); });
  attempt('block device', () => fs.readdirSync('/dev').some((name) => /^(sd|vd|nvme|loop|mem|kmsg)/.test(name)) && fs.readdirSync('/dev').join());
  attempt('mount', () => require('node:child_process').execFileSync('mount', ['-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' }) && 'yes');
  return reached;
};`;
