import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';

/** Used where the machine names no server that a sandbox can reach. */
const PUBLIC_NAME_SERVERS = ['1.1.1.1', '8.8.8.8'];

/** Returns the IPv4 name servers of a resolv.conf that are not on the loopback. */
export const nameServersIn = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    return address !== undefined && isIPv4(address) && !address.startsWith('127.') ? [address] : [];
  });

/** Returns this machine's name servers; behind a loopback stub those that systemd-resolved uses; else public ones. */
export const nameServers = (): readonly string[] => {
  for (const file of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    const found = existsSync(file) ? nameServersIn(readFileSync(file, 'utf8')) : [];
    if (found.length > 0) return found.slice(0, 3);
  }
  return PUBLIC_NAME_SERVERS;
};

/** User and group inside; outside it is the identity's own. */
export const INSIDE_UID = 1000;

/** Copied from the machine when it has them: they hold nothing secret and programs expect them. */
const COPIED = [
  'ld.so.cache',
  'ld.so.conf',
  'localtime',
  'protocols',
  'services',
  'os-release',
  'mime.types',
  'gai.conf',
  'ssl/openssl.cnf',
];
/** Bound read-only from the machine when it has them. */
export const BOUND = ['ssl/certs', 'alternatives', 'pki', 'fonts'].map((name) => `/etc/${name}`);

/**
 * Copies a file, but links the time zone, because the link's target has its name. For a file ICU finds the name by
 * comparing it with each of the machine's six hundred zones, at the first date that a process formats.
 */
const copyOrLink = (from: string, to: string): void => {
  const file = realpathSync(from);
  if (file.startsWith('/usr/share/zoneinfo/')) symlinkSync(file, to);
  else copyFileSync(from, to);
};

/** A host name as hosts(5) takes it: anything else could add lines of its own. */
const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i;

/** Writes the minimal /etc of a sandbox into `dir`. `ownNames`: names of its own loopback. */
export const writeEtc = (dir: string, servers: readonly string[], ownNames: readonly string[] = []): void => {
  mkdirSync(join(dir, 'ssl'), { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(dir, name), text);
  write(
    'passwd',
    `root:x:0:0:root:/:/usr/sbin/nologin\nbuild:x:${INSIDE_UID}:${INSIDE_UID}:build:/home/build:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n`,
  );
  write('group', `root:x:0:\nbuild:x:${INSIDE_UID}:\nnogroup:x:65534:\n`);
  write('hostname', 'anchor\n');
  const own = ownNames.filter((name) => HOST_NAME.test(name)).map((name) => `127.0.0.1 ${name}\n`);
  write('hosts', `127.0.0.1 localhost anchor\n::1 localhost\n${own.join('')}`);
  write('resolv.conf', servers.map((address) => `nameserver ${address}\n`).join(''));
  write(
    'nsswitch.conf',
    'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\nservices: files\n',
  );
  for (const name of COPIED) if (existsSync(join('/etc', name))) copyOrLink(join('/etc', name), join(dir, name));
};
