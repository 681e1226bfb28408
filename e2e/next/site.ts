/**
 * A fixture app of `e2e/apps`, deployed for real: pushed with git, built in its sandbox, requested through the edge.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { before, describe } from 'node:test';
import { createProject, newest, type DeploymentResponse } from '../helpers.ts';
import { eventually, plain, type HttpResponse, type Platform, type RequestOptions } from '../platform.ts';
import { APPS, createRepository, type Repository } from '../repository.ts';

export type Instance = Readonly<{ id: string; deployment: string; state: string; pid?: number; inflight: number }>;

export type Site = Readonly<{
  platform: Platform;
  name: string;
  host: string;
  repository: Repository;
  /** The deployment that serves production now. */
  live(): string;
  request(path: string, options?: RequestOptions): Promise<HttpResponse>;
  url(path: string): string;
  /** Commits the files, pushes, and resolves when they are live. */
  push(files?: Readonly<Record<string, string>>): Promise<DeploymentResponse>;
  /** Stops every process of the live deployment, or of another: the next request starts one. */
  toZero(deployment?: string): Promise<void>;
  /** Function processes of the live deployment that serve. */
  instances(): Promise<readonly Instance[]>;
  /** Has at least two processes serve the live deployment; requests alternate between them. */
  twoProcesses(): Promise<void>;
  promote(deployment: string): Promise<void>;
  rollback(deployment: string): Promise<void>;
  remove(): Promise<void>;
}>;

export type SiteOptions = Readonly<{
  /** Folder of `e2e/apps`. */
  app: string;
  /** Name of the project; the folder's name unless given. */
  name?: string;
  /** A GET path that holds its response open until the client disconnects: how a test keeps a process busy. */
  hold: string;
  /** Settings of the project beside those of its functions. */
  settings?: object;
  /** Files to add or replace before the first push. */
  files?: Readonly<Record<string, string>>;
  /** Plain variables by environment. */
  variables?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Work between the project's creation and the first push. */
  prepare?: (platform: Platform) => Promise<void>;
}>;

/** Creates the project, pushes the app, and fails with the build's output when it does not go live. */
export async function deployApp(
  platform: Platform,
  { app, name = app, hold, settings = {}, files = {}, variables = {}, prepare }: SiteOptions,
): Promise<Site> {
  // One request in flight is all that a process takes before another is started, and none goes by itself.
  await createProject(platform, name, {
    functions: { concurrency: 1, maxInstances: 2, idleSeconds: 900 },
    ...settings,
  });
  for (const [environment, values] of Object.entries(variables)) {
    const response = await platform.api('PUT', `/api/projects/${name}/environments/${environment}/variables`, {
      variables: Object.entries(values).map(([key, value]) => ({ name: key, value, secret: false })),
    });
    assert.equal(response.status, 200, JSON.stringify(response.body));
  }
  await prepare?.(platform);
  const site = siteOn(platform, { name, hold, repository: await createRepository(join(APPS, app)) });
  await site.push(files);
  return site;
}

/** Returns the site of a project. `served` is the deployment that serves it already, if one does. */
export function siteOn(
  platform: Platform,
  {
    name,
    hold,
    repository,
    served = '',
  }: Readonly<{ name: string; hold: string; repository: Repository; served?: string }>,
): Site {
  const host = `${name}.localhost`;
  let live = served;

  const control = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          socketPath: join(platform.data, 'run', 'host.sock'),
          method,
          path,
          agent: false,
          headers: { 'content-type': 'application/json' },
        },
        (response) => {
          let text = '';
          response
            .setEncoding('utf8')
            .on('data', (part: string) => (text += part))
            .once('end', () => resolve((JSON.parse(text) as { value: T }).value));
        },
      );
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const instances = async (of = live): Promise<readonly Instance[]> => {
    const status = await control<{ instances: readonly Instance[] }>('GET', '/status');
    return status.instances.filter((instance) => instance.deployment === of && instance.state === 'ready');
  };
  const push = async (changes: Readonly<Record<string, string>> = {}): Promise<DeploymentResponse> => {
    await repository.commit(changes);
    const pushed = await repository.push(platform, name);
    assert.equal(pushed.code, 0, pushed.output);
    assert.match(pushed.output, /Live at/, pushed.output);
    const deployment = await newest(platform, name);
    live = deployment.id;
    return deployment;
  };
  const switchTo = async (how: 'promote' | 'rollback', deployment: string): Promise<void> => {
    const response = await platform.api('POST', `/api/deployments/${deployment}/${how}`, { environment: 'production' });
    assert.equal(response.status, 200, JSON.stringify(response.body));
    live = deployment;
  };

  return {
    platform,
    name,
    host,
    repository,
    push,
    instances: () => instances(),
    live: () => live,
    request: (path, options = {}) => plain(platform.edgePort, host, path, options),
    url: (path) => `http://${host}:${platform.edgePort}${path}`,
    async toZero(deployment = live) {
      await eventually(
        async () => {
          // An edge that has just sent a request there may acquire the process once more, and keep it.
          await control('POST', '/stop', { deploymentId: deployment });
          return (await instances(deployment)).length === 0;
        },
        60_000,
        () => 'it did not go to zero',
      );
    },
    async twoProcesses() {
      const held = Array.from({ length: 12 }, () => holdOpen(platform.edgePort, host, hold));
      try {
        await eventually(
          async () => (await instances()).length >= 2,
          60_000,
          () => `no second process: ${platform.output()}`,
        );
      } finally {
        for (const one of held) one.destroy();
      }
    },
    promote: (deployment) => switchTo('promote', deployment),
    rollback: (deployment) => switchTo('rollback', deployment),
    remove: () => repository.remove(),
  };
}

function holdOpen(port: number, host: string, path: string): { destroy(): void } {
  const sent = request({ host: '127.0.0.1', port, path, agent: false, headers: { host } }, (response) =>
    response.on('error', () => undefined).resume(),
  );
  sent.on('error', () => undefined).end();
  return sent;
}

/**
 * Declares the same tests three times: from a start at zero, with two processes serving, and after a promotion and a
 * rollback. `site` is called when the tests run.
 */
export function inEveryPhase(site: () => Site, declare: (phase: string) => void): void {
  describe('from zero', () => {
    before(() => site().toZero());
    declare('from zero');
  });
  describe('with two processes', () => {
    before(() => site().twoProcesses());
    declare('with two processes');
  });
  describe('after a promotion and a rollback', () => {
    before(async () => {
      const first = site().live();
      const second = await site().push({ 'public/second.txt': 'second\n' });
      await site().rollback(first);
      await site().promote(second.id);
      await site().rollback(first);
    });
    declare('after a promotion and a rollback');
  });
}
