import { homedir } from 'node:os';
import { join } from 'node:path';
import { localEdgeProbe } from '@anchor/adapter-local/routes/edge-probe.ts';
import { safeText } from '@anchor/cli/output/text.ts';
import { duration } from '@anchor/cli/output/units.ts';
import { createClient, type Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import { isFinalStatus, type Deployment } from '@anchor/client/schemas/deployment.ts';
import type { Project } from '@anchor/client/schemas/project.ts';
import type { HostName } from '@anchor/core/names/name.ts';
import { err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { readFirstOwnerInvitation } from './first-owner.ts';
import { connect, prepareFolder, push } from './demo-folder.ts';

const NAME = 'demo';
const RESPONSE_TIMEOUT_MS = 30_000;

export type DemoOptions = Readonly<{
  apiUrl: string;
  edgePort: number;
  httpsPort: number | undefined;
  domain: string;
  token: string;
  data: string;
  /** Create it where there is no project yet. */
  create: boolean;
}>;

/**
 * Runs the demo once the platform runs: where no project exists yet it pushes the example, as a user would, and checks
 * the site. Then it prints all addresses. Returns an error when the demo does not respond.
 */
export async function runDemo(options: DemoOptions): Promise<Result<void>> {
  const client = createClient({ baseUrl: options.apiUrl, token: options.token });
  const projects = value(await client.projects.list({ limit: 100 }));
  if (!projects.ok) return projects;
  const existing = projects.value.items.find((project) => project.name === NAME);
  const live = existing !== undefined && (await isLive(client));
  if (options.create && !live && (projects.value.items.length === 0 || existing !== undefined)) {
    const deployed = await deploy(client, options, existing);
    if (!deployed.ok) return deployed;
  } else if (live) {
    const responded = await requestPage(options);
    if (!responded.ok) return responded;
  }
  const now = value(await client.projects.list({ limit: 100 }));
  if (!now.ok) return now;
  printNext(options, now.value.items);
  return ok(undefined);
}

async function deploy(client: Client, options: DemoOptions, existing: Project | undefined): Promise<Result<void>> {
  const startedAt = Date.now();
  console.log('\n  Deploying examples/next-app as the project "demo" with git push:\n');
  const folder = await prepareFolder(options.data);
  if (!folder.ok) return folder;
  const created = existing === undefined ? value(await client.projects.create({ name: NAME })) : undefined;
  if (created?.ok === false) return created;
  const project = existing ?? created?.value.project;
  if (project === undefined) return fail('internal', 'The demo project could not be created', 'Check the server log.');
  const connected = await connect(folder.value, options.apiUrl, project);
  if (!connected.ok) return connected;
  const before = await newest(client);
  if (!before.ok) return before;
  const pushed = await push(folder.value, project.gitUrl, options.token, process.env);
  if (!pushed.ok) return pushed;
  const deployment = await ended(client, before.value);
  if (!deployment.ok) return deployment;
  if (deployment.value.status !== 'success') return err(failureOf(deployment.value));
  const responded = await requestPage(options);
  if (!responded.ok) return responded;
  console.log(`\n  ✓ ${project.url} is live, ${duration(Date.now() - startedAt)} after the push started`);
  return ok(undefined);
}

const newest = async (client: Client): Promise<Result<Deployment | undefined>> => {
  const page = value(await client.deployments.list({ project: NAME, limit: 1 }));
  return page.ok ? ok(page.value.items[0]) : page;
};

/**
 * Returns the deployment of the push once it has ended. A push without changes, after a failed attempt, is built again.
 */
async function ended(client: Client, before: Deployment | undefined): Promise<Result<Deployment>> {
  const after = await newest(client);
  if (!after.ok) return after;
  const stale =
    after.value === undefined ||
    (after.value.id === before?.id && after.value.status !== 'success' && isFinalStatus(after.value.status));
  const started = stale
    ? value(await client.deployments.create({ project: NAME, kind: 'git', force: true }))
    : ok(after.value);
  if (!started.ok || isFinalStatus(started.value.status)) return started;
  for await (const event of client.deployments.logs.follow({ deployment: started.value.id })) {
    const received = value(event);
    if (!received.ok) return received;
    if (received.value.type === 'line') console.log(`  ${safeText(received.value.line.text, false)}`);
    if (received.value.type === 'end') return ok(received.value.deployment);
  }
  return value(await client.deployments.get({ deployment: started.value.id }));
}

async function isLive(client: Client): Promise<boolean> {
  const environments = await client.environments.list({ project: NAME });
  return (
    environments.ok &&
    environments.value.items.some(
      (environment) => environment.name === 'production' && environment.deploymentId !== undefined,
    )
  );
}

/** Requests the site's page as a client would. The name needs no resolver: the Host header carries it. */
async function requestPage({ apiUrl, edgePort, httpsPort, domain }: DemoOptions): Promise<Result<void>> {
  const { hostname: host } = new URL(apiUrl);
  const probe = localEdgeProbe({
    host,
    port: edgePort,
    ...(httpsPort === undefined ? {} : { httpsPort }),
    controlSockets: () => [],
  });
  const response = await probe.request(`${NAME}.${domain}` as HostName, '/', RESPONSE_TIMEOUT_MS);
  if (response.ok && response.value.status === 200 && response.value.body.includes('<html')) return ok(undefined);
  return fail(
    'verification_failed',
    `http://${NAME}.${domain}:${edgePort} did not pass the health check`,
    'Read its log: ./anchor logs --run -p demo',
    response.ok ? `status ${response.value.status}` : response.error.cause,
  );
}

function printNext({ apiUrl, token, data }: DemoOptions, projects: readonly Project[]): void {
  const near = (path: string): string => (path.startsWith(`${homedir()}/`) ? path.replace(homedir(), '~') : path);
  const sites = projects.map(
    (project, index) => `  ${index === 0 ? (projects.length === 1 ? 'Site ' : 'Sites') : '     '}   ${project.url}`,
  );
  const demo = projects.some((project) => project.name === NAME)
    ? [`  Change  cd ${near(join(data, 'demo'))}, edit a page, git commit -am "A change", git push anchor main`]
    : [];
  console.log(
    [
      '',
      ...sites,
      `  API     ${apiUrl}`,
      ...(process.stdout.isTTY ? [`  Token   ${token}`] : [`  Token   in ${near(join(data, 'admin-token'))}`]),
      '',
      `  Log in  ./anchor login ${apiUrl} --token-file ${near(join(data, 'admin-token'))}`,
      ...(readFirstOwnerInvitation(data) === undefined
        ? []
        : [`  Owner   ./anchor join ${apiUrl} --invitation-file ${near(join(data, 'first-owner'))}`]),
      ...demo,
      '',
    ].join('\n'),
  );
}

const failureOf = ({ error, status, id }: Deployment) =>
  ({
    code: 'build_failed',
    message: `The demo was not deployed: ${error?.message ?? status}`,
    ...(error?.cause === undefined ? {} : { cause: error.cause }),
    fix: error?.fix ?? `Read its log: ./anchor logs ${id}`,
  }) as const;

/** Converts results of the client to results of core. */
const value = <T>(result: ApiResult<T>): Result<T> =>
  result.ok ? ok(result.value) : fail('internal', result.problem.detail, result.problem.fix, result.problem.cause);
