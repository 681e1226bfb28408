import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { inviteFirstOwner } from '@anchor/core/people/invite.ts';
import { openServer } from '@anchor/server/fixtures/open-server.ts';
import { openPerson } from './fixtures/cli.ts';

const PASSWORD = 'four unlikely words';

/** A server with its first owner, joined at the command line. */
async function joined(context: TestContext) {
  const server = await openServer(context);
  const owner = await openPerson(context);
  const invited = await inviteFirstOwner(server.ports)(undefined);
  assert.ok(invited !== undefined && invited !== 'open');
  await writeFile(join(owner.folder, 'first-owner'), `${invited.secret}\n`);
  const { code, stdout, stderr } = await owner.anchor(['join', server.url, '--invitation-file', 'first-owner'], {
    stdin: `ada@example.com\nAda\n${PASSWORD}\n`,
    directory: owner.folder,
  });
  return { server, owner, code, stdout, stderr };
}

const invite = async (anchor: Awaited<ReturnType<typeof openPerson>>['anchor'], ...argv: readonly string[]) => {
  const invited = await anchor(['people', 'invite', ...argv]);
  assert.equal(invited.code, 0, invited.stderr);
  return invited.stdout.trim();
};

test('the first owner joins, invites a developer, and the developer logs in, works and logs out', async (context) => {
  const { server, owner, code, stdout, stderr } = await joined(context);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Logged in at .* as ada@example\.com\.$/m);
  assert.ok(!`${stdout}${stderr}`.includes(PASSWORD));
  assert.match((await owner.anchor(['whoami'])).stdout, /team +default \(owner\)/);
  assert.equal((await owner.anchor(['projects', 'create', 'shop'])).code, 0);
  const secret = await invite(owner.anchor, 'bob@example.com', '--role', 'developer');
  assert.match(secret, /^ani_\w{43}$/);

  const bob = await openPerson(context);
  const join1 = await bob.anchor(['join', server.url], { stdin: `${secret}\nbob@example.com\nBob\n${PASSWORD}\n` });
  assert.equal(join1.code, 0, join1.stderr);
  assert.equal((await bob.anchor(['env', 'set', 'A=1', '-p', 'shop'])).code, 0);
  assert.equal((await bob.anchor(['projects', 'update', 'shop', '--branch', 'trunk'])).code, 3);
  assert.equal((await bob.anchor(['logout'])).code, 0);
  assert.equal(
    (await server.ports.sessions.ofPerson((await server.ports.people.list({ limit: 1 })).items[0]!.id)).length,
    0,
  );

  const login = await bob.anchor(['login', server.url], { stdin: `bob@example.com\n${PASSWORD}\n` });
  assert.equal(login.code, 0, login.stderr);
  assert.doesNotMatch(await readFile(join(bob.home, '.config/anchor/credentials.json'), 'utf8'), /unlikely/);
  assert.match((await bob.anchor(['sessions', 'list'])).stdout, /command line .* this one/);
  const wrong = await bob.anchor(['login', server.url], { stdin: 'bob@example.com\nwrong\n' });
  assert.equal(wrong.code, 3);

  const listed = await owner.anchor(['people', 'list']);
  assert.match(listed.stdout, /bob@example\.com +Bob +developer/);
  assert.match((await owner.anchor(['audit', 'list'])).stdout, /bob@example\.com +\S+ +variables\.put/);
});

test('roles are changed for the team and for one project, and a member is removed', async (context) => {
  const { server, owner } = await joined(context);
  const { anchor } = owner;
  await anchor(['projects', 'create', 'shop']);
  const bob = await openPerson(context);
  const secret = await invite(anchor, 'bob@example.com', '--role', 'viewer', '--for', 'shop');
  await bob.anchor(['join', server.url], { stdin: `${secret}\nbob@example.com\nBob\n${PASSWORD}\n` });
  assert.equal((await bob.anchor(['env', 'set', 'A=1', '-p', 'shop'])).code, 3);
  const role = await anchor(['people', 'role', 'bob@example.com', 'admin', '--for', 'shop']);
  assert.equal(role.stdout.trim(), 'bob@example.com: admin of shop');
  assert.equal((await bob.anchor(['env', 'set', 'A=1', '-p', 'shop'])).code, 0);
  const last = await anchor(['people', 'role', 'ada@example.com', 'viewer']);
  assert.equal(last.code, 5);
  assert.match(last.stderr, /last owner/i);
  assert.equal((await anchor(['people', 'remove', 'bob@example.com'])).code, 0);
  assert.equal((await bob.anchor(['env', 'list', '-p', 'shop'])).code, 4);
  assert.equal((await anchor(['people', 'role', 'bob@example.com', 'king'])).code, 2);
});

test('a reset secret sets a new password, and a suspended account cannot log in', async (context) => {
  const { server, owner } = await joined(context);
  const bob = await openPerson(context);
  const secret = await invite(owner.anchor, 'bob@example.com');
  await bob.anchor(['join', server.url], { stdin: `${secret}\nbob@example.com\nBob\n${PASSWORD}\n` });
  const reset = await owner.anchor(['people', 'reset', 'bob@example.com']);
  assert.equal(reset.code, 0, reset.stderr);
  assert.equal((await bob.anchor(['whoami'])).code, 0, 'until the password is set');
  const fresh = 'another set of words';
  const join2 = await bob.anchor(['join', server.url], {
    stdin: `${reset.stdout.trim()}\nbob@example.com\n\n${fresh}\n`,
  });
  assert.equal(join2.code, 0, join2.stderr);
  assert.equal((await bob.anchor(['password'], { stdin: `${fresh}\n${PASSWORD}\n` })).code, 0);
  assert.equal((await owner.anchor(['people', 'suspend', 'bob@example.com'])).code, 0);
  assert.equal((await bob.anchor(['whoami'])).code, 3);
  assert.equal((await bob.anchor(['login', server.url], { stdin: `bob@example.com\n${PASSWORD}\n` })).code, 3);
  assert.equal((await owner.anchor(['people', 'suspend', 'bob@example.com', '--end'])).code, 0);
  assert.equal((await bob.anchor(['login', server.url], { stdin: `bob@example.com\n${PASSWORD}\n` })).code, 0);
});

test('a team has its own projects, members and tokens', async (context) => {
  const { server, owner } = await joined(context);
  const { anchor } = owner;
  assert.equal((await anchor(['teams', 'create', 'Design'])).code, 0);
  assert.equal((await anchor(['projects', 'create', 'site', '--team', 'Design'])).code, 0);
  const mia = await openPerson(context);
  const secret = await invite(anchor, 'mia@example.com', '--role', 'admin', '--team', 'Design');
  await mia.anchor(['join', server.url], { stdin: `${secret}\nmia@example.com\nMia\n${PASSWORD}\n` });
  assert.match((await mia.anchor(['teams', 'list'])).stdout, /Design/);
  assert.equal((await mia.anchor(['people', 'list'])).code, 4);
  const token = await mia.anchor(['tokens', 'create', 'ci', '--team', 'Design', '--json']);
  assert.equal(token.code, 0, token.stderr);
  assert.equal((await mia.anchor(['tokens', 'create', 'ci'])).code, 3);
  assert.match((await mia.anchor(['audit', 'list', '--team', 'Design'])).stdout, /tokens\.create/);
  assert.equal((await mia.anchor(['teams', 'leave', 'Design'])).code, 0);
  assert.equal((await mia.anchor(['projects', 'list', '--json'])).stdout.includes('site'), false);
});
