import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createProject, ended, github, newest, pushPayload, type CreatedProject } from './helpers.ts';
import { eventually, plain, startPlatform, type Platform } from './platform.ts';
import { createRepository, staticSite, type Repository } from './repository.ts';

/**
 * Every way in which a commit reaches the platform. The repository "elsewhere" is a real git server over HTTP with
 * credentials.
 */
let platform: Platform;
let repository: Repository;
let site: CreatedProject;
let first: string;

const commitElsewhere = async (text: string, branch = 'main'): Promise<string> => {
  const sha = await repository.commit(staticSite(text));
  const pushed = await repository.push(platform, 'elsewhere', branch);
  assert.equal(pushed.code, 0, pushed.output);
  return sha;
};
/** A removed host is unknown to every edge worker within moments. */
const gone = (host: string): Promise<void> =>
  eventually(
    async () => (await platform.request(host)).status === 404,
    2_000,
    () => `${host} still responds`,
  );
const accepted = (body: string): { deliveryId: string; deploymentIds: string[] } =>
  JSON.parse(body) as { deliveryId: string; deploymentIds: string[] };

before(async () => {
  platform = await startPlatform({ flags: ['--allow-git-host', '127.0.0.1', '--builds', '2'] });
  // Paused: it only keeps the repository.
  await createProject(platform, 'elsewhere');
  assert.equal((await platform.api('PATCH', '/api/projects/elsewhere', { status: 'paused' })).status, 200);
  repository = await createRepository();
  site = await createProject(platform, 'site', {
    source: {
      kind: 'git',
      url: `http://anchor:${platform.token}@127.0.0.1:${platform.apiPort}/git/elsewhere.git`,
      provider: 'github',
    },
    branchRules: [{ pattern: 'stage/*', environment: 'staging' }],
  });
  first = await commitElsewhere('one');
});
after(async () => {
  await repository?.remove();
  await platform?.stop();
});

test('credentials in the repository URL are stored as a secret and never shown', async () => {
  const shown = await platform.api<{ source: { url: string } }>('GET', '/api/projects/site');
  assert.ok(!JSON.stringify(shown.body).includes(platform.token));
  assert.ok(shown.body.source.url.startsWith('http://127.0.0.1'));
});

test('a GitHub push gets 202 with the deployment, which goes live', async () => {
  const response = await github(platform, site, 'push', pushPayload('main', first), { delivery: 'delivery-1' });
  assert.equal(response.status, 202, response.body);
  const [id] = accepted(response.body).deploymentIds;
  assert.ok(id !== undefined);
  const done = await ended(platform, id);
  assert.equal(done.status, 'success', JSON.stringify(done.error));
  assert.match((await platform.request('site.localhost')).body, /<h1>one<\/h1>/);

  const repeated = await github(platform, site, 'push', pushPayload('main', first), { delivery: 'delivery-1' });
  assert.deepEqual(accepted(repeated.body), accepted(response.body), 'a duplicate delivery');
  const sameCommit = await github(platform, site, 'push', pushPayload('main', first));
  assert.deepEqual(accepted(sameCommit.body).deploymentIds, [id], 'the same commit in another delivery');
});

test('refused webhooks: 401 without or with a wrong signature, 404 for an unknown project, 400 for what is not JSON, 413 above 25 MB; each is recorded', async () => {
  const payload = pushPayload('main', first);
  assert.equal((await github(platform, site, 'push', payload, { secret: 'wrong' })).status, 401);
  assert.equal((await github(platform, site, 'push', payload, { signature: '' })).status, 401);
  assert.equal(
    (await github(platform, { ...site, project: { id: 'prj_00000000000000000000', name: 'x' } }, 'push', payload))
      .status,
    404,
  );
  assert.equal((await github(platform, site, 'push', undefined, { body: '{"ref":' })).status, 400);
  // The server responds before all of it is sent: the connection may be cut under the sender's hands.
  const large = await github(platform, site, 'push', undefined, { body: 'x'.repeat(26 * 1024 * 1024) }).catch(
    (error: NodeJS.ErrnoException) => ({ status: error.code === 'EPIPE' || error.code === 'ECONNRESET' ? 413 : 0 }),
  );
  assert.equal(large.status, 413);
  const { body } = await platform.api<{ items: { state: string; reason?: string }[] }>(
    'GET',
    '/api/projects/site/deliveries?state=rejected&limit=100',
  );
  assert.ok(body.items.length >= 4, JSON.stringify(body.items));
  assert.ok(body.items.every((delivery) => (delivery.reason ?? '') !== ''));
});

test('ping is accepted, [skip ci] makes no deployment', async () => {
  assert.equal((await github(platform, site, 'ping', { zen: 'x', hook_id: 1 })).status, 202);
  const skipped = await github(platform, site, 'push', pushPayload('main', 'b'.repeat(40), 'docs [skip ci]'));
  assert.equal(skipped.status, 202);
  assert.deepEqual(accepted(skipped.body).deploymentIds, []);
});

test('a branch gets a preview of its own, a stage its environment, and a deleted branch takes its preview away', async () => {
  const sha = await commitElsewhere('preview', 'feat/login');
  const preview =
    accepted((await github(platform, site, 'push', pushPayload('feat/login', sha))).body).deploymentIds[0] ?? '';
  const stage =
    accepted((await github(platform, site, 'push', pushPayload('stage/one', sha))).body).deploymentIds[0] ?? '';
  assert.equal((await ended(platform, preview)).status, 'success');
  assert.equal((await ended(platform, stage)).environment, 'staging');
  assert.match((await platform.request('site-git-feat-login.localhost')).body, /preview/);
  assert.match((await platform.request('site-staging.localhost')).body, /preview/);
  assert.match((await platform.request('site.localhost')).body, /one/);
  const deleted = await github(platform, site, 'push', {
    ...pushPayload('feat/login', '0'.repeat(40)),
    before: sha,
    deleted: true,
    head_commit: null,
    commits: [],
  });
  assert.equal(deleted.status, 202, deleted.body);
  await gone('site-git-feat-login.localhost');
});

test('a pull request of a fork waits for approval, gets a preview, and loses it when it closes', async () => {
  const sha = await commitElsewhere('from a fork', 'pull-7');
  const pull = (action: string): object => ({
    action,
    number: 7,
    pull_request: {
      number: 7,
      title: 'A change',
      user: { login: 'stranger' },
      head: { ref: 'main', sha, repo: { id: 99, full_name: 'stranger/site', fork: true } },
      base: { ref: 'main', repo: { id: 1, full_name: 'test/site' } },
    },
    repository: { id: 1, full_name: 'test/site' },
  });
  const opened = await github(platform, site, 'pull_request', pull('opened'));
  assert.equal(opened.status, 202, opened.body);
  const id = accepted(opened.body).deploymentIds[0] ?? '';
  assert.equal((await platform.api<{ status: string }>('GET', `/api/deployments/${id}`)).body.status, 'held');
  assert.equal((await platform.api('POST', `/api/deployments/${id}/approve`)).status, 200);
  assert.equal((await ended(platform, id)).status, 'success');
  assert.match((await platform.request('site-git-pr-7.localhost')).body, /from a fork/);
  assert.match((await platform.request('site.localhost')).body, /one/, 'production is untouched');
  assert.equal((await github(platform, site, 'pull_request', pull('closed'))).status, 202);
  await gone('site-git-pr-7.localhost');
});

test('GitLab and Gitea pushes deploy too', async () => {
  const sha = await commitElsewhere('two');
  const path = `/webhooks/gitlab/${site.project.id}`;
  const payload = JSON.stringify({
    object_kind: 'push',
    ref: 'refs/heads/main',
    before: first,
    after: sha,
    checkout_sha: sha,
    user_name: 'Test',
    project: { id: 1, path_with_namespace: 'test/site' },
    commits: [{ id: sha, message: 'two', author: { name: 'Test' }, added: [], modified: ['index.html'], removed: [] }],
  });
  const wrong = await plain(platform.apiPort, '127.0.0.1', path, {
    method: 'POST',
    body: payload,
    headers: { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': 'wrong', 'content-type': 'application/json' },
  });
  assert.equal(wrong.status, 401);
  const gitlab = await plain(platform.apiPort, '127.0.0.1', path, {
    method: 'POST',
    body: payload,
    headers: {
      'x-gitlab-event': 'Push Hook',
      'x-gitlab-token': site.hooks.webhookSecret,
      'x-gitlab-event-uuid': 'gl-1',
      'content-type': 'application/json',
    },
  });
  assert.equal(gitlab.status, 202, gitlab.body);
  const id = accepted(gitlab.body).deploymentIds[0] ?? '';

  const body = JSON.stringify({ ...pushPayload('main', sha), pusher: { login: 'test' } });
  const gitea = await plain(platform.apiPort, '127.0.0.1', `/webhooks/gitea/${site.project.id}`, {
    method: 'POST',
    body,
    headers: {
      'x-gitea-event': 'push',
      'x-gitea-delivery': 'gt-1',
      'x-gitea-signature': createHmac('sha256', site.hooks.webhookSecret).update(body).digest('hex'),
      'content-type': 'application/json',
    },
  });
  assert.equal(gitea.status, 202, gitea.body);
  assert.deepEqual(
    accepted(gitea.body).deploymentIds,
    [id],
    'one deployment for one commit, whichever host delivers it',
  );
  assert.equal((await ended(platform, id)).status, 'success');
  assert.match((await platform.request('site.localhost')).body, /two/);
});

test('the deploy hook URL builds the head of the production branch; a wrong secret is refused', async () => {
  await commitElsewhere('three');
  const url = new URL(site.hooks.deployHookUrl);
  assert.ok(
    [401, 404].includes(
      (await plain(platform.apiPort, '127.0.0.1', `${url.pathname.slice(0, -3)}xxx`, { method: 'POST' })).status,
    ),
  );
  const response = await plain(platform.apiPort, '127.0.0.1', url.pathname, { method: 'POST' });
  assert.equal(response.status, 202, response.body);
  assert.equal((await ended(platform, accepted(response.body).deploymentIds[0] ?? '')).status, 'success');
  assert.match((await platform.request('site.localhost')).body, /three/);
});

test('a delivery can be replayed: a new deployment of the same commit', async () => {
  const { body } = await platform.api<{ items: { id: string; event: string; deploymentIds: string[] }[] }>(
    'GET',
    '/api/projects/site/deliveries?state=accepted&limit=100',
  );
  const delivery = body.items.findLast((item) => item.event === 'push' && item.deploymentIds.length > 0);
  assert.ok(delivery !== undefined);
  const replayed = await platform.api<{ deploymentIds: string[] }>('POST', `/api/deliveries/${delivery.id}/replay`);
  assert.equal(replayed.status, 202, JSON.stringify(replayed.body));
  const id = replayed.body.deploymentIds[0] ?? '';
  assert.ok(!delivery.deploymentIds.includes(id));
  assert.equal((await ended(platform, id)).status, 'success');
});

test('hostile repository addresses are refused with a reason', async () => {
  for (const url of [
    'ext::sh -c "touch /tmp/owned"',
    '--upload-pack=touch /tmp/owned',
    'file:///etc',
    '/etc',
    'http://169.254.169.254/latest',
    'http://10.0.0.1/x.git',
    'https://[::1]/x.git',
    'fd::3',
    'git@-oProxyCommand=id:x',
  ]) {
    const refused = await platform.api<{ code: string; fix: string }>('POST', '/api/projects', {
      name: 'bad',
      source: { kind: 'git', url },
    });
    assert.ok(refused.status === 400 || refused.status === 422 || refused.status === 403, `${url}: ${refused.status}`);
    assert.ok(refused.body.fix.length > 10, url);
  }
});

test('git push to a project of its own streams the log and prints the address; branches and failures too', async () => {
  await createProject(platform, 'hosted');
  await repository.commit(staticSite('pushed'));
  const pushed = await repository.push(platform, 'hosted');
  assert.equal(pushed.code, 0, pushed.output);
  assert.match(pushed.output, /remote: .*Live at http:\/\/hosted\.localhost/);
  assert.match((await platform.request('hosted.localhost')).body, /pushed/);
  await repository.push(platform, 'hosted', 'topic');
  assert.match((await platform.request('hosted-git-topic.localhost')).body, /pushed/);
  await repository.commit({ 'package.json': '{"scripts":{"build":"exit 3"}}' });
  const failed = await repository.push(platform, 'hosted');
  assert.equal(failed.code, 1, 'git push tells that the deployment failed');
  assert.equal((await newest(platform, 'hosted')).status, 'failed');
  assert.match(failed.output, /fix:/i);
  assert.match((await platform.request('hosted.localhost')).body, /pushed/, 'the old one serves');
});

test('a pushed static site follows its vercel.json, and the push names the rule that it leaves out', async () => {
  await createProject(platform, 'rules');
  const own = await createRepository();
  try {
    await own.commit({
      'index.html': 'one page',
      'about.html': 'about',
      'vercel.json': JSON.stringify({
        cleanUrls: true,
        redirects: [{ source: '/old/:path*', destination: '/:path*' }],
        headers: [{ source: '/(.*)', headers: [{ key: 'referrer-policy', value: 'no-referrer' }] }],
        rewrites: [
          { source: '/api/:path*', destination: 'https://api.example.com/:path*' },
          { source: '/(.*)', destination: '/index.html' },
        ],
      }),
    });
    const pushed = await own.push(platform, 'rules');
    assert.equal(pushed.code, 0, pushed.output);
    assert.match(pushed.output, /the rewrite of \/api\/:path\* to https:\/\/api\.example\.com\/:path\* is left out/);
    const host = 'rules.localhost';
    const page = await platform.request(host, '/any/route');
    assert.deepEqual([page.status, page.body, page.headers['referrer-policy']], [200, 'one page', 'no-referrer']);
    const moved = await platform.request(host, '/old/about');
    assert.deepEqual([moved.status, moved.headers.location], [308, '/about']);
    assert.equal((await platform.request(host, '/about')).body, 'about');
    assert.equal((await platform.request(host, '/vercel.json')).body, 'one page');
    // Both edge workers count, and the server reads them every few seconds.
    const counted = async () =>
      (await platform.api<{ total: Record<string, number> }>('GET', '/api/projects/rules/metrics')).body.total;
    await eventually(
      async () => ((await counted())['requests'] ?? 0) >= 4,
      20_000,
      () => 'the requests of the site were not counted',
    );
    const total = await counted();
    assert.ok(
      (total['redirects'] ?? 0) >= 1 && (total['stored'] ?? 0) >= 3 && (total['p99'] ?? 0) > 0,
      JSON.stringify(total),
    );
  } finally {
    await own.remove();
  }
});
