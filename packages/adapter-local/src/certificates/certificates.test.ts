import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CertificateTable } from '@anchor/core/ports/certificate-table.ts';
import { manualClock } from '@anchor/testing/clock.ts';
import {
  servedCertificatesContract,
  type ServedCertificatesHarness,
} from '@anchor/testing/contracts/served-certificates.ts';
import { openCertificatePublisher, type CertificatePublisher } from './certificate-publisher.ts';
import { readEdgeKey } from './edge-key.ts';
import { openCertificateTable } from './local-certificate-table.ts';

type Setup = Readonly<{
  directory: string;
  keyFile: string;
  now: ReturnType<typeof manualClock>;
  publisher: CertificatePublisher;
  running: CertificateTable;
  open(): Promise<CertificateTable>;
  reopen(): Promise<CertificatePublisher>;
  end(): Promise<void>;
}>;

/** A publisher and a running worker, which its control socket tells to read. */
async function setup(): Promise<Setup> {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-certificates-'));
  const directory = join(root, 'edge');
  const keyFile = join(root, 'edge-key');
  const socket = join(root, 'edge-0.sock');
  const now = manualClock(1_800_000_000_000);
  const tables: CertificateTable[] = [];
  const publishers: CertificatePublisher[] = [];
  const open = async (): Promise<CertificateTable> => {
    const table = await openCertificateTable({ directory, keyFile, clock: now });
    assert.ok(table.ok);
    tables.push(table.value);
    return table.value;
  };
  const running = await open();
  const worker = createServer((req, res) => {
    if (req.method === 'POST' && req.url === '/certificates') running.refresh();
    res.end('{}');
  });
  await new Promise<void>((resolve) => worker.listen(socket, resolve));
  const reopen = async (): Promise<CertificatePublisher> => {
    const publisher = await openCertificatePublisher({
      directory,
      keyFile,
      clock: now,
      // The second one is not running.
      controlSockets: () => [socket, join(root, 'edge-1.sock')],
    });
    assert.ok(publisher.ok);
    publishers.push(publisher.value);
    return publisher.value;
  };
  const end = async (): Promise<void> => {
    for (const one of [...tables, ...publishers]) one.close();
    worker.close();
    worker.closeAllConnections();
    await rm(root, { recursive: true, force: true });
  };
  return { directory, keyFile, now, publisher: await reopen(), running, open, reopen, end };
}

servedCertificatesContract('certificates on this machine', async (): Promise<ServedCertificatesHarness> => {
  const { publisher, running, open, reopen, end } = await setup();
  return { subject: publisher, running, open, reopen, end };
});

const using = (run: (setup: Setup) => Promise<void>) => async (): Promise<void> => {
  const made = await setup();
  try {
    await run(made);
  } finally {
    await made.end();
  }
};

const certificate = { id: 'one', names: ['example.com'], notAfter: 1, chainPem: 'CHAIN', keyPem: 'PRIVATE' };

test(
  'no file but the key can be used without it, and others than the user read none',
  using(async ({ publisher, directory, keyFile }) => {
    await publisher.publish(certificate);
    await publisher.publishChallenge({ kind: 'alpn', host: 'example.com', chainPem: 'CHAIN', keyPem: 'PRIVATE' });
    const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    assert.ok(files.length >= 4);
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      assert.equal((await stat(path)).mode & 0o777, 0o600, name);
      assert.doesNotMatch(await readFile(path, 'latin1'), /PRIVATE|CHAIN|example/, name);
    }
    assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
  }),
);

test(
  'a publisher that starts again knows what is published',
  using(async ({ publisher, reopen, running }) => {
    await publisher.publish(certificate);
    await publisher.setDomains([{ name: 'example.com', httpsOnly: true, hstsSeconds: 0 }]);
    const next = await reopen();
    assert.deepEqual(await next.published(), ['one']);
    await next.publish({ ...certificate, id: 'two' });
    assert.equal(running.current().certificates.length, 2);
    assert.equal(running.current().domains.length, 1);
  }),
);

test(
  'a host is covered by its own name or the wildcard above it, once workers serve it and until it expires',
  using(async ({ publisher, now, reopen }) => {
    const valid = { ...certificate, names: ['example.com', '*.example.com'], notAfter: now.now() + 1_000 };
    assert.equal(publisher.covers('example.com'), false);
    await publisher.publish(valid);
    const covered = (subject: CertificatePublisher) =>
      ['example.com', 'a.example.com', '*.example.com', 'a.b.example.com', 'other.com', 'com'].map(
        subject.covers,
        subject,
      );
    assert.deepEqual(covered(publisher), [true, true, true, false, false, false]);
    assert.deepEqual(covered(await reopen()), covered(publisher), 'after a restart, too');
    now.advance(1_000);
    assert.equal(publisher.covers('a.example.com'), false, 'expired');
    await publisher.publish({ ...valid, notAfter: now.now() + 1_000 });
    assert.equal(publisher.covers('a.example.com'), true, 'renewed');
    await publisher.withdraw(valid.id);
    assert.equal(publisher.covers('a.example.com'), false);
  }),
);

test(
  'a damaged file, or one in the place of another, is not used',
  using(async ({ publisher, directory, running, open }) => {
    await publisher.publish(certificate);
    const [file = ''] = await readdir(join(directory, 'certificates'));
    const path = join(directory, 'certificates', file);
    const bytes = await readFile(path);
    await writeFile(path, await readFile(join(directory, 'index')));
    assert.equal(running.read('one'), undefined);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    await writeFile(path, bytes);
    assert.equal(running.read('one'), undefined);
    await writeFile(join(directory, 'index'), 'x');
    running.refresh();
    assert.equal(running.current().certificates.length, 1, 'what was read before is still served');
    assert.equal((await open()).current().certificates.length, 0);
  }),
);

test(
  'ticket keys are shared by all workers, and rotated with the earlier ones kept',
  using(async ({ publisher, running, open, now }) => {
    const [first] = running.current().ticketKeys;
    assert.equal(Buffer.from(first ?? '', 'base64').length, 48);
    assert.deepEqual((await open()).current().ticketKeys, [first]);
    await publisher.upkeep();
    assert.equal(running.current().ticketKeys.length, 1, 'not before its time');
    for (let i = 0; i < 4; i++) {
      now.advance(13 * 3_600_000);
      await publisher.upkeep();
    }
    assert.equal(running.current().ticketKeys.length, 3);
    assert.ok(!running.current().ticketKeys.includes(first ?? ''));
  }),
);

test(
  'the token of a check is written once, and again after it could not be',
  using(async ({ publisher, directory }) => {
    const path = join(directory, 'challenges');
    const challenge = { kind: 'http', host: 'example.com', path: '/.well-known/anchor-check/x', text: 'x' } as const;
    await publisher.publishChallenge(challenge);
    const { ino } = await stat(path);
    await publisher.publishChallenge({ ...challenge });
    assert.equal((await stat(path)).ino, ino);
    // A folder in the place of the file cannot be replaced.
    await rm(path);
    await mkdir(join(path, 'x'), { recursive: true });
    await assert.rejects(publisher.publishChallenge({ ...challenge, text: 'y' }));
    await assert.rejects(publisher.publishChallenge({ ...challenge, text: 'y' }));
    await rm(path, { recursive: true });
    await publisher.publishChallenge({ ...challenge, text: 'y' });
    assert.ok((await stat(path)).isFile());
  }),
);

test(
  'a worker that may not read the folder any more keeps what it has, and continues',
  using(async ({ publisher, directory, running }) => {
    await publisher.publish(certificate);
    await rm(directory, { recursive: true });
    // Not a folder: ENOTDIR, as EACCES is for others than root.
    await writeFile(directory, '');
    running.refresh();
    assert.equal(running.current().certificates.length, 1);
  }),
);

test(
  'a publisher that starts removes what one before did not finish',
  using(async ({ publisher, directory, reopen, running }) => {
    await publisher.publish(certificate);
    await publisher.publish({ ...certificate, id: 'two' });
    const index = await readFile(join(directory, 'index'));
    await publisher.publish({ ...certificate, id: 'killed before it was in the index' });
    await writeFile(join(directory, 'index'), index);
    for (const name of ['index.0a1b.new', 'certificates/0a1b.0a1b.new']) await writeFile(join(directory, name), 'half');
    await reopen();
    const names = await readdir(directory, { recursive: true });
    assert.deepEqual(
      names.filter((name) => name.endsWith('.new')),
      [],
    );
    assert.equal(names.filter((name) => name.startsWith('certificates/')).length, 2);
    for (const id of ['one', 'two']) assert.notEqual(running.read(id), undefined);
    await writeFile(join(directory, 'index'), 'damaged');
    await reopen();
    assert.notEqual(running.read('one'), undefined, 'workers still serve what they have read');
  }),
);

test(
  'a withdrawal that could not be written is retried, by its caller or by the upkeep',
  using(async ({ publisher, directory, running, open }) => {
    const path = join(directory, 'index');
    for (const id of ['one', 'two', 'stays']) await publisher.publish({ ...certificate, id });
    const index = await readFile(path);
    // A folder in the place of the file cannot be replaced.
    await rm(path);
    await mkdir(join(path, 'x'), { recursive: true });
    for (const id of ['one', 'two']) await assert.rejects(publisher.withdraw(id));
    await assert.rejects(publisher.upkeep());
    await rm(path, { recursive: true });
    await writeFile(path, index);
    await publisher.withdraw('one');
    assert.equal(running.read('one'), undefined);
    await publisher.upkeep();
    assert.equal(running.read('two'), undefined);
    const ids = (await open()).current().certificates.map(({ id }) => id);
    assert.deepEqual(ids, ['stays']);
    assert.equal((await readdir(join(directory, 'certificates'))).length, 1);
  }),
);

test(
  'a damaged edge key is replaced with the command that its error names, and everything can be published again',
  using(async ({ publisher, keyFile, open, reopen }) => {
    await publisher.publish(certificate);
    await writeFile(keyFile, 'damaged');
    const refused = await readEdgeKey(keyFile);
    assert.match(refused.ok ? '' : refused.error.fix, new RegExp(`^Run: rm ${keyFile}, and restart`));
    await rm(keyFile);
    const next = await reopen();
    assert.deepEqual(await next.published(), [], 'so that the server publishes all');
    await next.publish(certificate);
    const started = await open();
    assert.deepEqual(started.read('one'), { chainPem: 'CHAIN', keyPem: 'PRIVATE' });
    assert.equal(started.current().ticketKeys.length, 1);
  }),
);
