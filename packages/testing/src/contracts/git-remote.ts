import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import { parseBranchName } from '@anchor/core/names/name.ts';
import { using } from '../harness.ts';
import { must } from '../samples.ts';

/** A git remote behind a server, with a project whose repository is empty. */
export type GitRemoteHarness = Readonly<{
  /** The origin of the server, such as http://127.0.0.1:7400; repositories are below /git/. */
  url: string;
  project: string;
  tokens: Readonly<{ read: string; deploy: string; otherProject: string }>;
  branchHead(branch: BranchName): Promise<CommitSha | undefined>;
  /** Returns how many deliveries are stored of the project's pushes. */
  deliveries(): Promise<number>;
  recover(): Promise<number>;
  end(): Promise<void>;
}>;

const MAIN = must(parseBranchName('main'));
/** So that a push waits for no build. */
const MESSAGE = 'A change [skip ci]';

type Copy = Readonly<{
  folder: string;
  git(...args: string[]): Promise<Readonly<{ code: number | null; text: string }>>;
  commit(content: string): Promise<string>;
}>;

/** Runs `use` with a working copy in a directory of its own, without any configuration of this machine. */
async function withCopy(use: (copy: Copy) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'anchor-test-remote-'));
  const person = {
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
  };
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...person,
  };
  const git: Copy['git'] = (...args) =>
    new Promise((resolve) => {
      const child = spawn('git', args, { cwd: folder, env });
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => {
          text += String(chunk);
        });
      child.once('close', (code) => resolve({ code, text: text.trim() }));
    });
  try {
    await git('init', '-q', '-b', 'main');
    await use({
      folder,
      git,
      async commit(content) {
        await writeFile(join(folder, 'file'), content);
        await git('add', '-A');
        await git('commit', '-qm', MESSAGE);
        return (await git('rev-parse', 'HEAD')).text;
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function gitRemoteContract(name: string, make: () => Promise<GitRemoteHarness>): void {
  const address = ({ url, project }: GitRemoteHarness, token: string, of = project): string =>
    `${url.replace('://', `://git:${token}@`)}/git/${of}.git`;

  test(
    `${name}: what is pushed is stored, delivered once, and cloned again`,
    using(make, (harness) =>
      withCopy(async ({ folder, git, commit }) => {
        const sha = await commit('one');
        const pushed = await git('push', address(harness, harness.tokens.deploy), 'main');
        assert.equal(pushed.code, 0, pushed.text);
        assert.equal(await harness.branchHead(MAIN), sha);
        assert.equal(await harness.deliveries(), 1);
        const repeated = await git('push', address(harness, harness.tokens.deploy), 'main');
        assert.match(repeated.text, /up-to-date/);
        assert.equal(await harness.deliveries(), 1);
        const cloned = await git('clone', '-q', address(harness, harness.tokens.read), 'clone');
        assert.equal(cloned.code, 0, cloned.text);
        assert.equal(await readFile(join(folder, 'clone/file'), 'utf8'), 'one');
      }),
    ),
  );

  test(
    `${name}: reading needs a token, writing one with scope deploy`,
    using(make, (harness) =>
      withCopy(async ({ git, commit }) => {
        await commit('one');
        const refused = await git('push', address(harness, harness.tokens.read), 'main');
        assert.notEqual(refused.code, 0);
        assert.equal(await harness.branchHead(MAIN), undefined);
        const refs = await fetch(`${harness.url}/git/${harness.project}.git/info/refs?service=git-upload-pack`);
        assert.equal(refs.status, 401);
        assert.match(refs.headers.get('www-authenticate') ?? '', /^Basic /);
      }),
    ),
  );

  test(
    `${name}: a project that does not exist and one of another token get the same response`,
    using(make, async (harness) => {
      const responses = await Promise.all(
        [
          [harness.project, harness.tokens.otherProject],
          ['nothing-here', harness.tokens.deploy],
        ].map(async ([project, token]) => {
          const headers = { authorization: `Basic ${btoa(`git:${token}`)}` };
          const response = await fetch(`${harness.url}/git/${project}.git/info/refs?service=git-upload-pack`, {
            headers,
          });
          return { status: response.status, text: (await response.text()).replaceAll(project ?? '', '<project>') };
        }),
      );
      assert.equal(responses[0]?.status, 404);
      assert.deepEqual(responses[0], responses[1]);
    }),
  );

  test(
    `${name}: of two pushes from the same state one wins, and the other is refused without a delivery`,
    using(make, (harness) =>
      withCopy((first) =>
        withCopy(async (second) => {
          const shas = [await first.commit('one'), await second.commit('two')];
          const remote = address(harness, harness.tokens.deploy);
          const pushes = await Promise.all([first.git('push', remote, 'main'), second.git('push', remote, 'main')]);
          assert.deepEqual(pushes.map(({ code }) => code === 0).sort(), [false, true], JSON.stringify(pushes));
          assert.equal(await harness.branchHead(MAIN), shas[pushes.findIndex(({ code }) => code === 0)]);
          assert.equal(await harness.deliveries(), 1);
        }),
      ),
    ),
  );

  test(
    `${name}: recovery after pushes that were completed does nothing, however often`,
    using(make, (harness) =>
      withCopy(async ({ git, commit }) => {
        await commit('one');
        assert.equal((await git('push', address(harness, harness.tokens.deploy), 'main')).code, 0);
        assert.deepEqual([await harness.recover(), await harness.recover()], [0, 0]);
        assert.equal(await harness.deliveries(), 1);
      }),
    ),
  );

  test(
    `${name}: addresses that are none of a git repository are not found`,
    using(make, async (harness) => {
      const headers = { authorization: `Basic ${btoa(`git:${harness.tokens.deploy}`)}` };
      for (const path of [
        `${harness.project}.git/HEAD`,
        `${harness.project}.git/config`,
        '..%2fetc/info/refs?service=git-upload-pack',
        `${harness.project}.git/info/refs?service=git-archive`,
      ]) {
        assert.equal((await fetch(`${harness.url}/git/${path}`, { headers })).status, 404, path);
      }
    }),
  );
}
