import { createHmac, randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import { eventually, plain, type HttpResponse, type Platform } from './platform.ts';

export type DeploymentResponse = {
  id: string;
  status: string;
  environment: string;
  url: string;
  error?: { code: string; message: string; cause?: string; fix: string };
  notPromoted?: string;
};
export type CreatedProject = {
  project: { id: string; name: string };
  hooks: { webhookSecret: string; deployHookUrl: string };
};

/** Waits until a deployment is final and returns it. */
export async function ended(platform: Platform, id: string, ms = 120_000): Promise<DeploymentResponse> {
  let last: DeploymentResponse | undefined;
  await eventually(
    async () => {
      last = (await platform.api<DeploymentResponse>('GET', `/api/deployments/${id}`)).body;
      return ['success', 'failed', 'canceled'].includes(last.status);
    },
    ms,
    () => `${id} did not end: ${JSON.stringify(last)}\n${platform.output()}`,
  );
  assert.ok(last !== undefined);
  return last;
}

export async function createProject(platform: Platform, name: string, settings: object = {}): Promise<CreatedProject> {
  const created = await platform.api<CreatedProject>('POST', '/api/projects', { name, ...settings });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  return created.body;
}

/** The newest deployment of a project. */
export async function newest(platform: Platform, project: string): Promise<DeploymentResponse> {
  const { body } = await platform.api<{ items: DeploymentResponse[] }>(
    'GET',
    `/api/projects/${project}/deployments?limit=1`,
  );
  const first = body.items[0];
  assert.ok(first !== undefined, 'no deployment');
  return first;
}

/** Sends a webhook as GitHub does. */
export function github(
  platform: Platform,
  project: CreatedProject,
  event: string,
  payload: unknown,
  options: { delivery?: string; secret?: string; body?: string; signature?: string } = {},
): Promise<HttpResponse> {
  const body = options.body ?? JSON.stringify(payload);
  const signature =
    options.signature ??
    `sha256=${createHmac('sha256', options.secret ?? project.hooks.webhookSecret)
      .update(body)
      .digest('hex')}`;
  return plain(platform.apiPort, '127.0.0.1', `/webhooks/github/${project.project.id}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': options.delivery ?? randomUUID(),
      'x-hub-signature-256': signature,
    },
  });
}

/** The payload of a push, as far as GitHub's documentation promises it. */
export const pushPayload = (
  branch: string,
  commit: string,
  message = 'change',
  files: readonly string[] = ['index.html'],
): object => ({
  ref: `refs/heads/${branch}`,
  before: '0'.repeat(40),
  after: commit,
  created: false,
  deleted: false,
  forced: false,
  head_commit: { id: commit, message, author: { name: 'Test' }, added: [], removed: [], modified: files },
  commits: [{ id: commit, message, author: { name: 'Test' }, added: [], removed: [], modified: files }],
  repository: { id: 1, full_name: 'test/site' },
  pusher: { name: 'test' },
});

/** The whole log of a deployment as one text. */
export async function logOf(platform: Platform, id: string, kind: 'build' | 'run' = 'build'): Promise<string> {
  const { body } = await platform.api<{ items: { text: string }[] }>(
    'GET',
    `/api/deployments/${id}/logs?kind=${kind}&limit=5000`,
  );
  return body.items.map((line) => line.text).join('\n');
}
