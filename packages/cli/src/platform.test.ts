import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { LANES } from '@anchor/core/queue/job.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { openServer } from '@anchor/server/fixtures/open-server.ts';
import { sampleJob } from '@anchor/testing/samples.ts';
import { openPerson } from './fixtures/cli.ts';
import { loggedIn } from './fixtures/logged-in.ts';

test('gc reports what goes, what is held back and why, and the size of each cache', async (context) => {
  const inputs: unknown[] = [];
  const { anchor } = await loggedIn(context, {
    operations: {
      gc: async (input) => {
        inputs.push(input);
        return ok({
          artifacts: ['dpl_00000000000000000001'],
          records: [],
          deliveries: 0,
          blobs: 2,
          bytes: 2_048,
          held: { reason: '3 of 4 blobs belong to no record', fix: 'anchor gc --force' },
          caches: [
            {
              kind: 'build caches',
              bytes: 1_024,
              limitBytes: 4_096,
              freedBytes: 0,
              projects: [
                { project: 'shop', bytes: 1_024, usedAt: Date.now(), inUse: true, freed: false },
                { project: 'blog', bytes: 512, usedAt: 0, inUse: false, freed: true },
              ],
            },
          ],
        });
      },
    },
  });
  const dry = await anchor(['gc', '--dry-run', '--caches']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(
    dry.stdout,
    /^Would remove the files of 1 deployment, 0 records and 2 blobs: 2\.0 KiB\n {2}dpl_00000000000000000001\n/,
  );
  assert.match(dry.stdout, /Held back: 3 of 4 blobs belong to no record\.\n {2}fix: anchor gc --force/);
  assert.match(dry.stdout, /build caches +1\.0 KiB +4\.0 KiB +0 B\n/);
  assert.match(dry.stdout, /shop +1\.0 KiB +now\n/);
  assert.match(dry.stdout, /blog +512 B +[\d,]+ days ago +would be freed/);
  assert.match((await anchor(['gc', '--force'])).stdout, /^Removed the files of/);
  assert.deepEqual(inputs, [
    { dryRun: true, caches: true, force: false },
    { dryRun: false, caches: false, force: true },
  ]);
});

test('gc that is refused prints the reason and the fix', async (context) => {
  const { anchor } = await loggedIn(context, {
    operations: { gc: async () => fail('conflict', 'A backup is running', 'Retry when it has finished.') },
  });
  const { code, stderr } = await anchor(['gc']);
  assert.equal(code, 5);
  assert.match(stderr, /^✗ A backup is running[\s\S]*fix: Retry when it has finished/);
});

test('restore sends the file whole and prints its contents, or why it was refused', async (context) => {
  const received: Buffer[] = [];
  const { anchor, folder } = await loggedIn(context, {
    operations: {
      restore: async (content) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of content) chunks.push(chunk);
        received.push(Buffer.concat(chunks));
        return received.length === 1
          ? ok({ projects: 2, deployments: 5, blobs: 9, bytes: 3_072 })
          : fail('invalid_input', 'The backup is incomplete', 'Use a file that anchor backup wrote.');
      },
    },
  });
  const bytes = Buffer.alloc(300_000, 7);
  await writeFile(join(folder, 'all.backup'), bytes);
  const restored = await anchor(['restore', 'all.backup', '--yes']);
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stderr, /^Sending 293\.0 KiB/);
  assert.match(restored.stdout, /^Restored 2 projects with 5 deployments, 3\.0 KiB of files/);
  assert.deepEqual(received[0], bytes);
  assert.match((await anchor(['restore', 'all.backup', '--yes'])).stderr, /The backup is incomplete/);
  assert.equal((await anchor(['restore', 'nothing.backup', '--yes'])).code, 2, 'the file has to exist');
});

test('an interrupted backup leaves no file that looks like one', async (context) => {
  const { anchor, folder } = await loggedIn(context, {
    operations: {
      backup: async () =>
        ok(
          (async function* () {
            yield Buffer.from('half of ');
            throw new Error('the disk is gone');
          })(),
        ),
    },
  });
  const { code, stderr } = await anchor(['backup', 'all.backup']);
  assert.equal(code, 1);
  assert.match(stderr, /The backup was not completed/);
  assert.deepEqual(await readdir(folder), []);
});

test('new hooks are shown once, and the old ones are replaced', async (context) => {
  const { anchor, server } = await loggedIn(context);
  await server.project('shop');
  const [first, second] = [
    await anchor(['projects', 'rotate-hooks', 'shop', '--json']),
    await anchor(['projects', 'rotate-hooks', 'shop', '--json']),
  ];
  assert.notEqual(JSON.parse(first.stdout).webhookSecret, JSON.parse(second.stdout).webhookSecret);
  assert.match(
    (await anchor(['projects', 'rotate-hooks', '--project', 'shop'])).stdout,
    /webhook secret +\S+\ndeploy hook +http\S+\nThese two are shown only now\./,
  );
  assert.equal((await anchor(['projects', 'rotate-hooks'])).code, 2, 'no project is linked');
});

test('a job that was given up is listed and put back', async (context) => {
  const { anchor, server } = await loggedIn(context);
  const { queue } = server.ports;
  const { id } = await (async () => {
    const job = sampleJob();
    await queue.enqueue(job);
    const leased = await queue.receive({ leaseMs: 60_000, lanes: LANES });
    assert.ok(leased?.id === job.id);
    await queue.deadLetter(leased, 'it never ended');
    return job;
  })();
  assert.match((await anchor(['dead-letters', 'list'])).stdout, new RegExp(`${id}[^\\n]*it never ended`));
  assert.match((await anchor(['dead-letters', 'revive', id])).stdout, new RegExp(`^${id} is `));
  assert.equal((await queue.depth()).pending, 1);
  assert.equal((await anchor(['dead-letters', 'revive', id])).code, 4);
});

test('login prompts for the token at a terminal and shows nothing of it', async (context) => {
  const server = await openServer(context);
  const { anchor } = await openPerson(context);
  const typed = await anchor(['login', server.url], { stdin: `\n${server.admin}\n`, terminal: true });
  assert.equal(typed.code, 0, typed.stderr);
  assert.match(typed.stderr, /^E-mail address for http:\/\/127\.0\.0\.1:\d+ \(none: use a token\): [^]*Token: /);
  assert.ok(!typed.stderr.includes(server.admin) && !typed.stdout.includes(server.admin));
});

test('login reads the token from a file, and reports a missing or invalid one', async (context) => {
  const server = await openServer(context);
  const { anchor, folder } = await openPerson(context);
  await writeFile(join(folder, 'token'), `${server.admin}\n`);
  assert.equal((await anchor(['login', server.url, '--token-file', join(folder, 'token')])).code, 0);
  assert.match(
    (await anchor(['login', server.url, '--token-file', join(folder, 'missing')])).stderr,
    /Cannot read .*missing/,
  );
  assert.match((await anchor(['login', server.url], { stdin: 'two words\n' })).stderr, /This is not a token/);
  assert.equal((await anchor(['login', 'ftp://example.com'], { stdin: 'x' })).code, 2);
});

test('a damaged credentials file or link is named, with the command that replaces it', async (context) => {
  const { anchor, folder, home } = await loggedIn(context);
  await mkdir(join(folder, '.anchor'));
  for (const text of ['{', '[]', '{"url":1,"project":"shop"}']) {
    await writeFile(join(folder, '.anchor/project.json'), text);
    const { code, stderr } = await anchor(['deployments', 'list']);
    assert.equal(code, 2, text);
    assert.match(stderr, /project\.json is damaged\.\n {2}fix: Link the folder again: anchor link <project>/);
  }
  const credentials = join(home, '.config/anchor/credentials.json');
  for (const text of ['{', '{"tokens":{"a":1}}', '{"default":2,"tokens":{}}', 'null']) {
    await writeFile(credentials, text);
    const { code, stderr } = await anchor(['whoami']);
    assert.equal(code, 1, text);
    assert.match(stderr, /credentials\.json is damaged\.\n {2}fix: Remove it and log in again: anchor login/);
  }
});

test('a file that cannot be written or read is named with its cause', async (context) => {
  const { anchor, folder, server, home } = await loggedIn(context);
  await server.project('shop');
  assert.equal((await anchor(['link', 'shop'])).code, 0);
  const pull = await anchor(['env', 'pull', 'missing-folder/.env']);
  assert.equal(pull.code, 1);
  assert.match(pull.stderr, /Cannot write .*missing-folder[\s\S]*why: .*ENOENT/);
  await writeFile(join(folder, 'file'), '');
  const link = await anchor(['link', 'shop'], { directory: join(folder, 'file') });
  assert.match(link.stderr, /Cannot write .*file\/\.anchor/);
  const credentials = join(home, '.config/anchor/credentials.json');
  assert.notEqual(await readFile(credentials, 'utf8'), '');
  const login = await anchor(['login', server.url], {
    stdin: server.admin,
    env: { XDG_CONFIG_HOME: join(folder, 'file') },
  });
  assert.match(login.stderr, /Cannot (?:read|write) .*file\/anchor/);
});

test('audit list names changes and their authors, and audit export replaces no file', async (context) => {
  const { anchor, folder } = await loggedIn(context);
  assert.equal((await anchor(['projects', 'create', 'shop'])).code, 0);
  assert.equal((await anchor(['env', 'set', 'A=hidden-value', '-p', 'shop'])).code, 0);
  const listed = await anchor(['audit', 'list', '--of', 'shop']);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /admin +\S*127\.0\.0\.1 +variables\.put +shop production +success +variables/);
  assert.doesNotMatch(listed.stdout, /hidden-value/);
  const created = await anchor(['audit', 'list', '--action', 'projects.create', '--json']);
  const { items } = JSON.parse(created.stdout) as { items: { after: { name: string } }[] };
  assert.deepEqual(
    items.map(({ after }) => after.name),
    ['shop'],
  );
  for (const name of ['log.jsonl', 'log.csv']) {
    const exported = await anchor(['audit', 'export', name]);
    assert.equal(exported.code, 0, exported.stderr);
    const text = await readFile(join(folder, name), 'utf8');
    assert.match(text, /variables\.put/);
    assert.doesNotMatch(text, /hidden-value/);
    assert.equal((await anchor(['audit', 'export', name])).code, 5);
  }
});
