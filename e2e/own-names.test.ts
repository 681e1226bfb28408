/**
 * A site requests itself under its own names, with programs of any kind: children of a Node server, a server on Bun, and
 * servers that are neither. What they reach is the site alone.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createProject, logOf, newest } from './helpers.ts';
import { startPlatform, type Platform } from './platform.ts';
import { createRepository } from './repository.ts';

let platform: Platform;
before(async () => {
  platform = await startPlatform();
});
after(() => platform.stop());

async function deploy(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  await createProject(platform, name);
  const repository = await createRepository();
  try {
    await repository.commit(files);
    const pushed = await repository.push(platform, name);
    assert.match(pushed.output, /Live at/, pushed.output);
  } finally {
    await repository.remove();
  }
}

const packageOf = (start: string, rest: object = {}): string =>
  JSON.stringify({ name: 'a', private: true, scripts: { start }, ...rest });

/** Runs curl for each address of the site, and for each `extra` one, and responds with a line for each. */
const REQUESTS = `
for url in "http://localhost:$PORT/x" "$ANCHOR_URL/x" "$ANCHOR_PRODUCTION_URL/x" "$@"; do
  echo "$(curl -s -m 5 --noproxy '*' "$url" || echo failed) $(getent hosts "$(echo "$url" | cut -d/ -f3 | cut -d: -f1)" | cut -d' ' -f1)"
done
`;
const lines = (body: string): readonly string[] => body.trim().split('\n');

test('programs that a Node server starts reach it by its names', async () => {
  await deploy('names-node', {
    'package.json': packageOf('node server.mjs'),
    'request.sh': REQUESTS,
    'server.mjs': `
      import { execFile } from 'node:child_process';
      import { createServer } from 'node:http';
      createServer((request, response) => request.url === '/x'
        ? response.end('own')
        : execFile('/bin/sh', ['request.sh'], (error, out, errors) => response.end(out + errors))).listen(process.env.PORT);
    `,
  });
  const { body } = await platform.request('names-node.localhost', '/');
  assert.deepEqual(
    lines(body).map((line) => line.split(' ')[0]),
    ['own', 'own', 'own'],
    body,
  );
  // Not only curl, which knows *.localhost by itself.
  assert.deepEqual(
    lines(body)
      .slice(1)
      .map((line) => line.split(' ')[1]),
    ['127.0.0.1', '127.0.0.1'],
    body,
  );
});

test('a server on Bun and its children reach it by its names', async () => {
  await deploy('names-bun', {
    'package.json': packageOf('bun run server.ts', { packageManager: 'bun@1.4.5' }),
    'request.sh': REQUESTS,
    'server.ts': `
      const by = async (url) => { try { return await (await fetch(url)).text(); } catch (error) { return String(error); } };
      Bun.serve({ port: process.env.PORT, fetch: async (request) => {
        if (new URL(request.url).pathname === '/x') return new Response('own');
        const names = ['http://localhost:' + process.env.PORT, process.env.ANCHOR_URL, process.env.ANCHOR_PRODUCTION_URL];
        const bodies = await Promise.all(names.map((name) => by(name + '/x')));
        const child = Bun.spawn(['/bin/sh', 'request.sh']);
        return new Response(bodies.join('\\n') + '\\n' + await new Response(child.stdout).text());
      } });
    `,
  });
  const { body } = await platform.request('names-bun.localhost', '/');
  assert.deepEqual(
    lines(body).map((line) => line.split(' ')[0]),
    ['own', 'own', 'own', 'own', 'own', 'own'],
    body,
  );
});

/** A web server without Node: it accepts one connection after the other, and has a child for each. */
const PERL = (port: string): string => `#!/usr/bin/perl
use strict; use IO::Socket::INET;
$SIG{CHLD} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => ${port}, Listen => 64, ReuseAddr => 1) or die "$!";
while (my $client = $server->accept) {
  next if fork;
  my $line = <$client>; my ($path) = $line =~ m{^\\S+ (\\S+)};
  while (my $head = <$client>) { last if $head =~ /^\\r?\\n$/ }
  my $body = $path eq '/x' ? 'own' : $path eq '/own' ? \`sh request.sh\` : 'perl';
  print $client "HTTP/1.1 200 OK\\r\\nContent-Length: " . length($body) . "\\r\\nConnection: close\\r\\n\\r\\n$body";
  close $client; exit;
}
`;

test('a server that is no Node program is served, and reaches itself by its names', async () => {
  await deploy('names-perl', {
    'package.json': packageOf('perl server.pl'),
    'request.sh': REQUESTS,
    'server.pl': PERL('$ENV{PORT}'),
  });
  assert.equal((await platform.request('names-perl.localhost', '/')).body, 'perl');
  const { body } = await platform.request('names-perl.localhost', '/own');
  assert.deepEqual(
    lines(body).map((line) => line.split(' ')[0]),
    ['own', 'own', 'own'],
    body,
  );
  const responses = await Promise.all(
    Array.from({ length: 40 }, () => platform.request('names-perl.localhost', '/x').then(({ body: text }) => text)),
  );
  assert.deepEqual([...new Set(responses)], ['own']);
});

test('such a server on a port of its own is found, and the log says so', async () => {
  await deploy('names-fixed', {
    'package.json': packageOf('sh run.sh'),
    'run.sh': 'exec perl server.pl\n',
    'server.pl': PERL('80'),
  });
  assert.equal((await platform.request('names-fixed.localhost', '/')).body, 'perl');
  assert.match(
    await logOf(platform, (await newest(platform, 'names-fixed')).id, 'run'),
    /It listens on 80, not on \$PORT \(3000\)/,
  );
});

test('its own addresses lead to the site itself, whatever name is requested, and to nothing else of the machine', async () => {
  await deploy('names-other', {
    'package.json': packageOf('node server.mjs'),
    'server.mjs':
      "import { createServer } from 'node:http'; createServer((q, s) => s.end('secret of another')).listen(process.env.PORT);",
  });
  const { apiPort, edgePort } = platform;
  await deploy('names-attack', {
    'package.json': packageOf('perl server.pl'),
    'request.sh': `
try() { echo "$(curl -s -m 3 --noproxy '*' "$@" || echo failed)"; }
site=${edgePort}
gateway=$(sed -n 's/^eth0\\s00000000\\s\\(..\\)\\(..\\)\\(..\\)\\(..\\).*/\\4 \\3 \\2 \\1/p' /proc/net/route | while read a b c d; do printf '%d.%d.%d.%d' 0x$a 0x$b 0x$c 0x$d; done)
try -H 'Host: names-other.localhost' "http://127.0.0.1:$site/x"
try -H 'Host: localhost' "http://127.0.0.1:$site/x"
try --resolve "names-other.localhost:$site:127.0.0.1" "http://names-other.localhost:$site/x"
try "http://127.0.0.1:${apiPort}/health"
try "http://$gateway:$site/x"
try "http://$gateway:${apiPort}/health"
try --unix-socket /run/anchor/fn.sock -H 'Host: names-other.localhost' http://names-other.localhost/x
ls /run/anchor
`,
    'server.pl': PERL('$ENV{PORT}'),
  });
  const { body } = await platform.request('names-attack.localhost', '/own');
  assert.doesNotMatch(body, /secret/);
  assert.deepEqual(lines(body), ['own', 'own', 'own', 'failed', 'failed', 'failed', 'own', 'fn.sock'], body);
});
