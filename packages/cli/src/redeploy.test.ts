import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loggedIn } from './fixtures/logged-in.ts';
import { git } from './folder/git.ts';
import { nearest } from './framework/nearest.ts';

/** A repository in the folder, pushed to the platform's own one of the project `shop`. */
async function pushed(context: TestContext, branch = 'main') {
  const opened = await loggedIn(context);
  const { anchor, folder, server } = opened;
  await git(folder, ['init', '--quiet', `--initial-branch=${branch}`]);
  assert.equal((await anchor(['init', 'shop'])).code, 0);
  const commit = async (text: string): Promise<string> => {
    await writeFile(join(folder, 'index.html'), text);
    await git(folder, ['add', 'index.html']);
    await git(folder, [
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@b.c',
      '-c',
      'commit.gpgSign=false',
      'commit',
      '--quiet',
      '--message',
      text,
    ]);
    return (await git(folder, ['rev-parse', 'HEAD'])).stdout;
  };
  const push = async (to = branch): Promise<void> => {
    const url = `http://git:${server.admin}@127.0.0.1:${server.port}/git/shop.git`;
    // The response waits for the build, which nothing here makes.
    const push = git(folder, ['push', '--quiet', url, `HEAD:refs/heads/${to}`]);
    const head = (await git(folder, ['rev-parse', 'HEAD'])).stdout;
    for (let tries = 0; tries < 200; tries++) {
      const { stdout } = await anchor(['deployments', 'list', '--json']);
      const items = JSON.parse(stdout).items as readonly { id: string; status: string; source: { commit?: string } }[];
      const made = items.find(({ source }) => source.commit === head);
      if (made !== undefined) {
        await anchor(['cancel', made.id]);
        break;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    }
    await push;
  };
  return { ...opened, commit, push };
}

test('redeploy builds the newest commit of an environment again, and env set names it', async (context) => {
  const { anchor, commit, push } = await pushed(context);
  const sha = await commit('one');
  await push();
  const set = await anchor(['env', 'set', 'DATABASE_URL=postgres://db/shop']);
  assert.match(
    set.stdout,
    /The next deployment has it: git push, or anchor redeploy to build the newest one again now/,
  );
  const redeployed = await anchor(['redeploy', '--detach', '--json']);
  assert.equal(redeployed.code, 0, redeployed.stderr);
  const deployment = JSON.parse(redeployed.stdout);
  assert.deepEqual(
    [deployment.source.commit, deployment.source.branch, deployment.environment, deployment.status],
    [sha, 'main', 'production', 'queued'],
  );
  const none = await anchor(['redeploy', '-e', 'staging', '--detach']);
  assert.equal(none.code, 4);
  assert.match(none.stderr, /staging of shop has no deployment to build again/);
  assert.match((await anchor(['env', 'set', 'A=b', '-e', 'preview'])).stdout, /anchor redeploy -e preview/);
});

test('redeploy of a branch builds its newest preview again', async (context) => {
  const { anchor, commit, push } = await pushed(context);
  await commit('one');
  await push();
  const sha = await commit('two');
  await push('feat/login');
  const { source, environment } = JSON.parse(
    (await anchor(['redeploy', '--branch', 'feat/login', '--detach', '--json'])).stdout,
  );
  assert.deepEqual([source.commit, source.branch, environment], [sha, 'feat/login', 'preview']);
});

test('deploy --commit takes the start of an id, from the folder or from the platform', async (context) => {
  const { anchor, commit, home, push } = await pushed(context);
  const sha = await commit('one');
  await push();
  for (const directory of [undefined, home]) {
    const made = await anchor(
      ['deploy', '-p', 'shop', '--commit', sha.slice(0, 7), '--force', '--detach', '--json'],
      directory === undefined ? {} : { directory },
    );
    assert.equal(made.code, 0, made.stderr);
    assert.equal(JSON.parse(made.stdout).source.commit, sha);
  }
  const unknown = await anchor(['deploy', '--commit', '00000001', '--detach']);
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /No commit starts with 00000001[\s\S]*fix: Push it first/);
  assert.match(
    (await anchor(['deploy', '--commit', 'no such thing', '--detach'])).stderr,
    /"no such thing" is not a commit/,
  );
});

test('init takes the branch of the remote, or of the folder, as production', async (context) => {
  const { anchor, folder } = await loggedIn(context);
  await git(folder, ['init', '--quiet', '--initial-branch=trunk']);
  const { stdout } = await anchor(['init', 'one']);
  assert.match(stdout, /Production is the branch trunk[\s\S]*Next: git push anchor trunk/);
  await git(folder, [
    'update-ref',
    'refs/remotes/origin/master',
    (await git(folder, ['hash-object', '-t', 'tree', '-w', '/dev/null'])).stdout,
  ]);
  await git(folder, ['symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/master']);
  assert.match((await anchor(['init', 'two'])).stdout, /Next: git push anchor master/);
  assert.match((await anchor(['init', 'three', '--branch', 'live'])).stdout, /Next: git push anchor live/);
});

test('env set refuses a stage that is not there, with the name that was meant', async (context) => {
  const { anchor } = await loggedIn(context);
  await anchor(['init', 'shop']);
  await anchor(['projects', 'update', '--rule', 'release/*=staging']);
  for (const argv of [
    ['env', 'set', 'A=b', '-e', 'stagging'],
    ['env', 'set', 'A=b', '-e', 'prod'],
  ]) {
    const refused = await anchor(argv);
    assert.equal(refused.code, 2, refused.stdout);
    assert.match(
      refused.stderr,
      argv[4] === 'prod'
        ? /Did you mean production\?/
        : /shop has no environment stagging\. Did you mean staging\?[\s\S]*fix: Give -e staging/,
    );
  }
  assert.equal((await anchor(['env', 'set', 'A=b', '-e', 'staging'])).code, 0);
  assert.equal((await anchor(['env', 'set', 'A=b', '-e', 'canary', '--new-stage'])).code, 0);
  assert.equal((await anchor(['env', 'set', 'A=c', '-e', 'canary'])).code, 0, 'it has variables now');
  assert.deepEqual(
    [
      nearest('porduction', ['production', 'preview']),
      nearest('pre', ['production', 'preview']),
      nearest('xyz', ['production', 'preview']),
    ],
    ['production', 'preview', undefined],
  );
});

test('a Node.js that the platform does not offer is refused when it is set', async (context) => {
  const { anchor } = await loggedIn(context);
  await anchor(['init', 'shop']);
  for (const version of ['18', '18.x', '^16.0.0', '14 || 16', '27', '<20']) {
    const refused = await anchor(['projects', 'update', '--node', version]);
    assert.notEqual(refused.code, 0, version);
    assert.match(refused.stderr, /from 20 to 26/, version);
  }
  for (const version of ['20', '22.x', '>=18', '^24.1.0', '18 || 22', '>=18 <23', 'lts']) {
    const set = await anchor(['projects', 'update', '--node', version]);
    assert.equal(set.code, version === 'lts' ? 2 : 0, `${version} ${set.stderr}`);
  }
});

test('no error about a wrong name shows a regular expression', async (context) => {
  const { anchor } = await loggedIn(context);
  await anchor(['init', 'shop']);
  for (const argv of [
    ['projects', 'create', 'No Name!'],
    ['projects', 'update', '--rule', 'x=-a-'],
    ['env', 'set', '1A=b'],
    ['env', 'list', '-e', 'No!'],
    ['projects', 'update', '--node', 'lts/*!'],
    ['projects', 'update', '--health-path', 'x y'],
    ['deploy', '--branch', 'a..b', '--detach'],
    ['tokens', 'create', '', '--scope', 'root'],
  ]) {
    const { code, stderr } = await anchor(argv);
    assert.notEqual(code, 0, argv.join(' '));
    assert.doesNotMatch(stderr, /\^|\[a-z|\\d|\(\?|must match|pattern/, stderr);
  }
});

test('a deploy key is read from its file, sealed, and shown by nothing', async (context) => {
  const { anchor, folder, server } = await loggedIn(context);
  const blob = Buffer.concat([Buffer.from('openssh-key-v1\0\0\0\0\u0004none'), Buffer.alloc(90, 9)]).toString('base64');
  const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${blob.slice(0, 70)}\n${blob.slice(70)}\n-----END OPENSSH PRIVATE KEY-----\n`;
  await writeFile(join(folder, 'deploy-key'), key);
  assert.equal((await anchor(['projects', 'create', 'site', '--repository', 'https://github.com/acme/site'])).code, 0);
  const wrong = await anchor(['projects', 'update', 'site', '--deploy-key-file', 'deploy-key']);
  assert.match(wrong.stderr, /for a repository with an ssh address[\s\S]*--repository git@host/);
  const set = await anchor([
    'projects',
    'update',
    'site',
    '--repository',
    'git@github.com:acme/site.git',
    '--deploy-key-file',
    'deploy-key',
  ]);
  assert.equal(set.code, 0, set.stderr);
  for (const shown of [set.stdout, (await anchor(['projects', 'inspect', 'site', '--json'])).stdout])
    assert.ok(!shown.includes(blob.slice(0, 20)));
  const [project] = (await server.ports.projects.list({ limit: 10 })).items;
  const opened = await server.ports.secrets.open(project?.gitCredentials ?? '', `git/${project?.id}`);
  assert.deepEqual(opened, { ok: true, value: key });
  assert.equal((await anchor(['projects', 'update', 'site', '--provider', 'gitlab'])).code, 0);
  const stored = (await server.ports.projects.list({ limit: 10 })).items[0];
  assert.deepEqual(
    [stored?.source, stored?.gitCredentials],
    [{ kind: 'git', url: 'ssh://git@github.com/acme/site.git', provider: 'gitlab' }, project?.gitCredentials],
  );
  assert.match(
    (await anchor(['projects', 'update', 'site', '--deploy-key-file', 'nothing'])).stderr,
    /not a readable private key/,
  );
});
