import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DomainWorld, needsDomainTools as options } from './domain-world.ts';
import { eventually, plain } from './platform.ts';
import { nodeServer } from './repository.ts';

/** The platform's own names on the internet: `<project>.apps.test` under a wildcard certificate, and the API's. */
const API = 'api.anchor.test';
const SITE = 'shop.apps.test';
const FLAGS = ['--domain', 'apps.test', '--api-domain', API];

let world: DomainWorld;
/** Responds with its version, its address as a build and a function see it, and the scheme of the request. */
const app = (version: string) =>
  nodeServer(`res.end(\`${version} \${process.env.ANCHOR_URL} \${req.headers['x-forwarded-proto']}\`);`);
const apiUrl = (): string => `https://${API}:${world.httpsPort}`;
const siteUrl = (): string => `https://${SITE}:${world.httpsPort}`;

before(async () => {
  if (options.skip !== false) return;
  world = await DomainWorld.open(['api.anchor A 127.0.0.1', '*.apps A 127.0.0.1']);
  await world.start(FLAGS);
  await world.repository.commit(app('one'));
});
after(() => world?.stop());

test('without a wildcard certificate every address of a project is http, and works', options, async () => {
  const { platform } = world;
  const login = await world.anchor('login', platform.apiUrl, '--token-file', join(platform.data, 'admin-token'));
  assert.equal(login.code, 0, login.stderr);
  const created = await world.anchor('projects', 'create', 'shop');
  assert.equal(created.code, 0, created.stderr);
  const pushed = await world.repository.push(platform, 'shop');
  assert.equal(pushed.code, 0, pushed.output);
  assert.match(pushed.output, new RegExp(`http://${SITE}:${world.edgePort}`));
  assert.doesNotMatch(pushed.output, /https:/);
  const page = await plain(world.edgePort, SITE, '/');
  assert.equal(page.status, 200);
  assert.match(page.body, new RegExp(`^one http://shop-\\w+\\.apps\\.test:${world.edgePort} http$`));
});

test(
  '`anchor login https://…` at the name of the API, with the certificate that it got by itself',
  options,
  async () => {
    await world.start([...FLAGS, ...world.providerFlags]);
    await eventually(
      async () => (await world.secure(API, '/api/health')).status === 200,
      60_000,
      () => `no certificate: ${world.platform.output()}`,
    );
    const login = await world.anchor('login', apiUrl(), '--token-file', join(world.platform.data, 'admin-token'));
    assert.equal(login.code, 0, login.stderr);
    assert.match(login.stdout, new RegExp(`Logged in at ${apiUrl()}`));
    assert.equal((await world.anchor('whoami')).code, 0);
    const redirected = await plain(world.edgePort, API, '/api/health?x=1');
    assert.deepEqual([redirected.status, redirected.headers.location], [308, `${apiUrl()}/api/health?x=1`]);
  },
);

test(
  'once there is a wildcard certificate, plain HTTP redirects to HTTPS, and the API says https',
  options,
  async () => {
    await eventually(
      async () => (await world.secure(SITE)).status === 200,
      60_000,
      () => `no certificate: ${world.platform.output()}`,
    );
    const redirected = await plain(world.edgePort, SITE, '/a?b=c');
    assert.deepEqual([redirected.status, redirected.headers.location], [308, `${siteUrl()}/a?b=c`]);
    assert.equal((await world.secure(SITE)).hsts, undefined);
    const challenge = await plain(world.edgePort, SITE, '/.well-known/acme-challenge/x');
    assert.notEqual(challenge.status, 308);
    const shown = await world.anchor('projects', 'inspect', '-p', 'shop', '--json');
    assert.match(shown.stdout, new RegExp(`"url": "${siteUrl()}"`));
    await assert.rejects(world.secure('a.b.apps.test'), /alert/i);
  },
);

test(
  'a push over https with the remote of `anchor link` deploys, passes its check, and prints https',
  options,
  async () => {
    const linked = await world.anchor('link', 'shop');
    assert.equal(linked.code, 0, linked.stderr);
    assert.match(linked.stdout, new RegExp(`remote anchor → ${apiUrl()}/git/shop\\.git`));
    await world.repository.commit(app('two'));
    const pushed = await world.git(API, 'push', 'anchor', 'HEAD:refs/heads/main');
    assert.equal(pushed.code, 0, pushed.stderr);
    assert.match(pushed.stderr, new RegExp(siteUrl()));
    assert.doesNotMatch(pushed.stderr, /http:/);
    const page = await world.secure(SITE);
    assert.match(page.body, new RegExp(`^two https://shop-\\w+\\.apps\\.test:${world.httpsPort} https$`));
  },
);

test('`anchor deploy` sends a folder and follows the build over https', options, async () => {
  await world.repository.commit(app('three'));
  const deployed = await world.anchor('deploy');
  assert.equal(deployed.code, 0, deployed.stderr + deployed.stdout);
  assert.match(deployed.stdout, new RegExp(siteUrl()));
  assert.match((await world.secure(SITE)).body, /^three /);
  const logs = await world.anchor('logs');
  assert.equal(logs.code, 0, logs.stderr);
});

test(
  'webhooks and deploy hooks are taken under the name of the API, from the client that the edge saw',
  options,
  async () => {
    const created = await world.anchor('projects', 'create', 'hooked', '--json');
    assert.equal(created.code, 0, created.stderr);
    const { project, hooks } = JSON.parse(created.stdout) as {
      project: { webhooks: { github: string } };
      hooks: { webhookSecret: string };
    };
    const webhook = new URL(project.webhooks.github);
    assert.equal(webhook.origin, apiUrl());
    const body = JSON.stringify({ zen: 'x', hook_id: 1 });
    const send = (secret: string, host?: string) =>
      world.secure(API, webhook.pathname, {
        method: 'POST',
        body,
        ...(host === undefined ? {} : { host }),
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'ping',
          'x-github-delivery': `delivery-${secret.length}`,
          'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        },
      });
    assert.equal((await send(hooks.webhookSecret)).status, 202);
    assert.equal((await send('wrong')).status, 401);
    assert.equal((await send(hooks.webhookSecret, 'evil.example')).status, 403);
    const rotated = await world.anchor('projects', 'rotate-hooks', 'shop', '--json');
    assert.equal(rotated.code, 0, rotated.stderr);
    const hook = new URL((JSON.parse(rotated.stdout) as { deployHookUrl: string }).deployHookUrl);
    assert.equal(hook.origin, apiUrl());
    const deploy = (host?: string) =>
      world.secure(API, hook.pathname, { method: 'POST', ...(host === undefined ? {} : { host }) });
    assert.equal((await deploy()).status, 202);
    assert.equal((await deploy('evil.example')).status, 403);
    const log = join(world.platform.data, 'logs', 'api-access.jsonl');
    await eventually(
      async () =>
        (await readFile(log, 'utf8'))
          .split('\n')
          .some((line) => line.includes(webhook.pathname) && line.includes('"ip":"127.0.0.1"')),
      20_000,
      () => 'no line in the log names the client',
    );
  },
);

test(
  'a name that is pointed at the platform reaches neither API nor git, on no port and with no certificate',
  options,
  async () => {
    const { token, apiPort } = world.platform;
    const headers = { authorization: `Bearer ${token}` };
    const paths = [
      '/api/projects',
      '/git/shop.git/info/refs?service=git-upload-pack',
      '/webhooks/github/x',
      '/hooks/x/y',
    ];
    for (const host of ['evil.example', SITE, `${API}.evil.example`, 'anchor.test', `evil.${API}`])
      for (const path of paths) {
        assert.equal(
          (await plain(apiPort, host, path, { headers })).status,
          403,
          `${host}${path} on the port of the API`,
        );
        const named = await world.secure(API, path, { host, headers });
        assert.equal(named.status, 403, `${host}${path} in a connection for the API`);
        // In a connection for a site there is no API at all, whatever the header says.
        const { status, body } = await world.secure(SITE, path, { host, headers });
        const isSite = host === SITE && body.startsWith('three ');
        assert.ok(isSite || [404, 421].includes(status), `${host}${path} in a connection for a site: ${status}`);
      }
    for (const path of paths) {
      const misdirected = await world.secure(SITE, path, { host: `${API}:${world.httpsPort}`, headers });
      assert.ok([404, 421].includes(misdirected.status), `${path}: ${misdirected.status}`);
    }
    await assert.rejects(world.secure('evil.test'), /alert/i);
  },
);
