import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProject, ended, github, logOf, newest } from './helpers.ts';
import { eventually, startPlatform, type Platform } from './platform.ts';
import { createRepository, type Repository } from './repository.ts';

/** Variables and secrets: intact where they belong, absent everywhere else. */
let platform: Platform;
let repository: Repository;

const HARD: Readonly<Record<string, string>> = {
  HARD_HASH: 'a#b #c # d',
  HARD_DOLLAR: '$HOME ${PATH} $(id) `id` $$ $1',
  HARD_BANG: 'wow!!, !history',
  HARD_QUOTES: `it's "so" \`called\``,
  HARD_SPACES: '  both ends\t ',
  HARD_LINES: 'first\nsecond\r\n\nlast\n',
  HARD_UNICODE: 'Grüße ⚓ 日本 👩‍🚀',
  HARD_BACKSLASH: 'C:\\new\\table\\',
  HARD_JSON: '{"a":["b",1],"c":"d=e"}',
  HARD_EMPTY: '',
  HARD_PERCENT: '100%s %20 %n',
  HARD_GLOB: '* ? [a-z] ~ ; & | > /dev/null',
};
const SECRETS = {
  PAYMENT_KEY: 'sk_live_9f3c#"$Q!z 7',
  PRIVATE_PEM: '-----BEGIN KEY-----\nQm9hdHMgYXJlIGZ1bg\nU28gYXJlIHNoaXBz\n-----END KEY-----\n',
} as const;
const PREVIEW_SECRET = 'pv_only_4e1b77aa';
/** Text that must not be found anywhere; lines of a secret count as secrets too. */
const FORBIDDEN: readonly string[] = [
  SECRETS.PAYMENT_KEY,
  'Qm9hdHMgYXJlIGZ1bg',
  'U28gYXJlIHNoaXBz',
  PREVIEW_SECRET,
  ...[SECRETS.PAYMENT_KEY, PREVIEW_SECRET].map((value) => Buffer.from(value).toString('base64').replace(/=+$/, '')),
];

/** The build prints its variables (but no secret's value) and every secret aloud, as careless tools do. */
const APP: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({
    name: 'vars',
    private: true,
    scripts: { build: 'node build.js', start: 'node server.js' },
  }),
  'say.js': `
module.exports = async function say(secret) {
  console.log('whole ' + secret);
  console.error('to stderr ' + secret);
  console.log('base64 ' + Buffer.from(secret).toString('base64') + ' shifted ' + Buffer.from('x' + secret).toString('base64'));
  console.log(JSON.stringify({ json: secret }) + ' ' + encodeURIComponent(secret));
  for (const part of secret.match(/[^]{1,3}/g) ?? []) {
    process.stdout.write(part);
    await new Promise((done) => setTimeout(done, 3));
  }
  process.stdout.write(' end of parts\\n');
};`,
  'build.js': `
const shown = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(HARD_|ANCHOR)/.test(name)));
require('node:fs').writeFileSync('built.json', JSON.stringify({ shown, names: Object.keys(process.env) }));
const say = require('./say.js');
(async () => { for (const name of ['PAYMENT_KEY', 'PRIVATE_PEM', 'PREVIEW_KEY']) if (process.env[name]) await say(process.env[name]); })();`,
  'server.js': `
const say = require('./say.js');
require('node:http').createServer(async (req, res) => {
  if (req.url === '/built') return res.end(require('node:fs').readFileSync('built.json'));
  if (req.url === '/say') { for (const name of ['PAYMENT_KEY', 'PRIVATE_PEM']) if (process.env[name]) await say(process.env[name]); return res.end('said'); }
  res.end(JSON.stringify(process.env));
}).listen(process.env.PORT);`,
};

type Variables = Record<string, string>;
const atRun = async (host: string): Promise<Variables> =>
  JSON.parse((await platform.request(host, '/')).body) as Variables;
const atBuild = async (host: string): Promise<{ shown: Variables; names: string[] }> =>
  JSON.parse((await platform.request(host, '/built')).body) as { shown: Variables; names: string[] };
const hard = (all: Variables): Variables =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('HARD_')));
const put = async (
  environment: string,
  variables: readonly { name: string; value: string; secret?: boolean; scope?: string }[],
  project = 'vars',
): Promise<void> => {
  const response = await platform.api('PUT', `/api/projects/${project}/environments/${environment}/variables`, {
    variables,
  });
  assert.equal(response.status, 200, JSON.stringify(response.body));
};
const plainly = (values: Variables): { name: string; value: string; secret: boolean }[] =>
  Object.entries(values).map(([name, value]) => ({ name, value, secret: false }));

before(async () => {
  platform = await startPlatform({ flags: ['--allow-git-host', '127.0.0.1'] });
  await createProject(platform, 'vars');
  await put('production', [
    ...plainly(HARD),
    ...Object.entries(SECRETS).map(([name, value]) => ({ name, value })),
    { name: 'HARD_BUILD_ONLY', value: 'b', secret: false, scope: 'build' },
    { name: 'HARD_RUN_ONLY', value: 'r', secret: false, scope: 'run' },
  ]);
  await put('preview', [
    { name: 'HARD_HASH', value: 'preview #1', secret: false },
    { name: 'PREVIEW_KEY', value: PREVIEW_SECRET },
  ]);
  repository = await createRepository();
  await repository.commit(APP, 'Say "hello" to $USER');
  const pushed = await repository.push(platform, 'vars');
  assert.equal(pushed.code, 0, pushed.output);
  for (const value of FORBIDDEN) assert.ok(!pushed.output.includes(value), `the pusher's terminal shows ${value}`);
  assert.match(pushed.output, /whole •••/);
});
after(async () => {
  await repository?.remove();
  await platform?.stop();
});

test('every character arrives, while building and at run time; scopes hold', async () => {
  assert.deepEqual(hard((await atBuild('vars.localhost')).shown), { ...HARD, HARD_BUILD_ONLY: 'b' });
  const run = await atRun('vars.localhost');
  assert.deepEqual(hard(run), { ...HARD, HARD_RUN_ONLY: 'r' });
  assert.equal(run['PAYMENT_KEY'], SECRETS.PAYMENT_KEY);
  assert.equal(run['PRIVATE_PEM'], SECRETS.PRIVATE_PEM);
  assert.ok((await atBuild('vars.localhost')).names.includes('PAYMENT_KEY'));
});

test('build and function get their system variables, and nothing of the platform', async () => {
  const deployment = await newest(platform, 'vars');
  const commit = (await repository.git('rev-parse', 'HEAD')).output.trim();
  const wanted = {
    ANCHOR: '1',
    ANCHOR_ENV: 'production',
    ANCHOR_PROJECT: 'vars',
    ANCHOR_URL: deployment.url,
    ANCHOR_PRODUCTION_URL: `http://vars.localhost:${platform.edgePort}`,
    ANCHOR_DEPLOYMENT_ID: deployment.id,
    ANCHOR_GIT_COMMIT_SHA: commit,
    ANCHOR_GIT_BRANCH: 'main',
    ANCHOR_GIT_COMMIT_MESSAGE: 'Say "hello" to $USER',
  };
  for (const all of [(await atBuild('vars.localhost')).shown, await atRun('vars.localhost')]) {
    for (const [name, value] of Object.entries(wanted)) assert.equal(all[name], value, name);
    assert.ok(!JSON.stringify(all).includes(platform.data), 'the data directory is named');
    assert.ok(!('ANCHOR_PLATFORM_SETTINGS' in all));
  }
});

test('a preview has its own values, and none of production', async () => {
  const pushed = await repository.push(platform, 'vars', 'topic');
  assert.equal(pushed.code, 0, pushed.output);
  const run = await atRun('vars-git-topic.localhost');
  assert.deepEqual(hard(run), { HARD_HASH: 'preview #1' });
  assert.equal(run['ANCHOR_ENV'], 'preview');
  assert.equal(run['ANCHOR_GIT_BRANCH'], 'topic');
  assert.equal(run['PREVIEW_KEY'], PREVIEW_SECRET);
  for (const name of Object.keys(SECRETS)) {
    assert.ok(!(name in run), name);
    assert.ok(!(await atBuild('vars-git-topic.localhost')).names.includes(name), name);
  }
});

test('secrets show in no log, no response of the API, no artifact, no database and no other file', async () => {
  const { body } = await platform.api<{ items: { id: string }[] }>('GET', '/api/projects/vars/deployments');
  const production = body.items.at(-1)?.id ?? '';
  assert.equal((await platform.request('vars.localhost', '/say')).body, 'said');
  await eventually(
    async () => (await logOf(platform, production, 'run')).split('end of parts').length > 2,
    10_000,
    () => 'the run log did not come',
  );
  const texts: [string, string][] = [['run log', await logOf(platform, production, 'run')]];
  for (const { id } of body.items) texts.push([`build log of ${id}`, await logOf(platform, id)]);
  for (const path of [
    '/api/projects/vars',
    '/api/projects/vars/deployments',
    '/api/projects/vars/environments',
    '/api/projects/vars/environments/production/variables?reveal=true',
    '/api/projects/vars/environments/preview/variables?reveal=true',
    '/api/projects/vars/deliveries',
    '/api/status',
    `/api/deployments/${production}`,
  ]) {
    const response = await platform.api('GET', path);
    assert.equal(response.status, 200, path);
    texts.push([path, JSON.stringify(response.body)]);
  }
  assert.match(texts[0]?.[1] ?? '', /whole •••/);
  assert.match(texts[0]?.[1] ?? '', /to stderr •••/);
  texts.push(["the platform's own output", platform.output()]);
  for (const [where, text] of texts)
    for (const value of FORBIDDEN) assert.ok(!text.includes(value), `${where} shows ${value}`);

  // A value that is not a secret is in a blob: the search can find.
  assert.ok((await filesWith(['both ends'], 'blobs')).length > 0);
  assert.deepEqual(await filesWith(FORBIDDEN, '.'), []);
});

test('a rollback brings the old values back', async () => {
  const before = await newestOf('production');
  await put('production', [
    { name: 'HARD_HASH', value: 'new', secret: false },
    { name: 'PAYMENT_KEY', value: 'sk_live_another_one' },
  ]);
  assert.equal(
    (await atRun('vars.localhost'))['HARD_HASH'],
    HARD['HARD_HASH'],
    'a variable alone changes nothing that runs',
  );
  const redeployed = await platform.api<{ id: string }>('POST', '/api/projects/vars/deployments', {
    kind: 'redeploy',
    deployment: before,
  });
  assert.equal((await ended(platform, redeployed.body.id)).status, 'success');
  const changed = await atRun('vars.localhost');
  assert.deepEqual([changed['HARD_HASH'], changed['PAYMENT_KEY']], ['new', 'sk_live_another_one']);
  assert.equal((await platform.api('POST', '/api/projects/vars/environments/production/rollback', {})).status, 200);
  const back = await atRun('vars.localhost');
  assert.deepEqual([back['HARD_HASH'], back['PAYMENT_KEY']], [HARD['HARD_HASH'], SECRETS.PAYMENT_KEY]);
});

test('a .env file is pushed and pulled with the command line, every character unchanged', async () => {
  await createProject(platform, 'files');
  const folder = `${repository.path}-cli`;
  await mkdir(folder);
  try {
    const single = (value: string): string => (/[\n\r']/.test(value) ? JSON.stringify(value) : `'${value}'`);
    await writeFile(
      join(folder, '.env'),
      Object.entries(HARD)
        .map(([name, value]) => `${name}=${single(value)}\n`)
        .join(''),
    );
    assert.match(await anchor(folder, 'env', 'push', '.env', '-p', 'files', '--plain'), /Set 12 variables/);
    assert.match(await anchor(folder, 'env', 'pull', '.env.back', '-p', 'files'), /Wrote 12 variables/);
    assert.match(await anchor(folder, 'env', 'push', '.env.back', '-p', 'files', '-e', 'preview', '--plain'), /Set 12/);
    for (const environment of ['production', 'preview']) {
      const { body } = await platform.api<{ items: { name: string; value: string }[] }>(
        'GET',
        `/api/projects/files/environments/${environment}/variables?reveal=true`,
      );
      assert.deepEqual(Object.fromEntries(body.items.map(({ name, value }) => [name, value])), HARD);
    }
    await anchor(folder, 'env', 'push', '.env', '-p', 'files');
    await anchor(folder, 'env', 'pull', '.env.secret', '-p', 'files');
    const pulled = await readFile(join(folder, '.env.secret'), 'utf8');
    assert.ok(!pulled.includes('history'), 'secrets do not come back');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a fork's pull request is built without secrets", async () => {
  await createProject(platform, 'elsewhere');
  assert.equal((await platform.api('PATCH', '/api/projects/elsewhere', { status: 'paused' })).status, 200);
  const fork = await createProject(platform, 'forked', {
    source: {
      kind: 'git',
      url: `http://anchor:${platform.token}@127.0.0.1:${platform.apiPort}/git/elsewhere.git`,
      provider: 'github',
    },
  });
  await put(
    'preview',
    [
      { name: 'HARD_HASH', value: 'public', secret: false },
      { name: 'PREVIEW_KEY', value: PREVIEW_SECRET },
    ],
    'forked',
  );
  assert.equal((await repository.push(platform, 'elsewhere', 'pull-3')).code, 0);
  const sha = (await repository.git('rev-parse', 'HEAD')).output.trim();
  const pull = {
    action: 'opened',
    number: 3,
    pull_request: {
      number: 3,
      title: 'A change',
      user: { login: 'stranger' },
      head: { ref: 'main', sha, repo: { id: 99, full_name: 'stranger/site', fork: true } },
      base: { ref: 'main', repo: { id: 1, full_name: 'test/site' } },
    },
    repository: { id: 1, full_name: 'test/site' },
  };
  const id =
    (JSON.parse((await github(platform, fork, 'pull_request', pull)).body) as { deploymentIds: string[] })
      .deploymentIds[0] ?? '';
  assert.equal((await platform.api('POST', `/api/deployments/${id}/approve`)).status, 200);
  const done = await ended(platform, id);
  assert.equal(done.status, 'success', JSON.stringify(done.error));
  const host = 'forked-git-pr-3.localhost';
  const [built, run] = [await atBuild(host), await atRun(host)];
  assert.equal(built.shown['HARD_HASH'], 'public');
  assert.equal(run['HARD_HASH'], 'public');
  assert.equal(run['ANCHOR_PULL_REQUEST'], '3');
  assert.ok(!built.names.includes('PREVIEW_KEY') && !('PREVIEW_KEY' in run));
});

/** The newest deployment of an environment that succeeded. */
async function newestOf(environment: string): Promise<string> {
  const { body } = await platform.api<{ items: { id: string }[] }>(
    'GET',
    `/api/projects/vars/deployments?environment=${environment}&status=success&limit=1`,
  );
  return body.items[0]?.id ?? '';
}

/**
 * Files under the data directory that hold one of the texts. Aside: Node versions and tools, and the disks of builds,
 * which are gigabytes of holes and reach their own project only.
 */
const filesWith = (texts: readonly string[], under: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    execFile(
      'grep',
      [
        '-rlaF',
        '--devices=skip',
        '--exclude-dir=nodes',
        '--exclude-dir=npm-cache',
        '--exclude-dir=tools',
        '--exclude-dir=disks',
        ...texts.flatMap((text) => ['-e', text]),
        join(platform.data, under),
      ],
      (error, stdout, stderr) => {
        if (error !== null && error.code !== 1) reject(new Error(stderr));
        else resolve(stdout.split('\n').filter((line) => line !== ''));
      },
    );
  });

const anchor = (cwd: string, ...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'], HOME: cwd, ANCHOR_URL: platform.apiUrl, ANCHOR_TOKEN: platform.token };
    execFile(
      process.execPath,
      [fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url)), ...args],
      { cwd, env },
      (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stdout + stderr))),
    );
  });
