import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { statusOf } from '@anchor/client/schemas/status-of.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { anchorError, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { findProject, maySee } from '../api/authorize.ts';
import type { ServerContext } from '../context.ts';
import { answerText } from '../http/answer.ts';
import { allows } from '../http/scope.ts';
import { basicToken } from '../http/token.ts';
import type { PushIntents } from './intents.ts';
import { packet } from './pkt-line.ts';
import { ended, gitProcess, protocolOf } from './process.ts';
import { receivePack } from './receive.ts';
import { bodyOf, parseGitCall, type GitCall } from './request.ts';

/** Git processes at once; a push that waits for its build has ended its own. */
const MAX_PROCESSES = 16;
/** Of these a single project's: a sender that never ends its request must not lock out the others. */
const MAX_OF_PROJECT = 4;
/** What a fetch may say: thousands of "have" lines. */
const MAX_WANTS_BYTES = 32 * 1024 * 1024;

/** The platform's own git remote, /git/{project}.git, over smart HTTP. The password is a token; pushing needs scope deploy. */
export function gitRemote(server: ServerContext, intents: PushIntents): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let running = 0;
  const ofProject = new Map<string, number>();
  return async (request, response) => {
    const allowed = await allow(server, request);
    if (!allowed.ok) return refuse(request, response, allowed.error);
    const { id } = allowed.value.project;
    const own = ofProject.get(id) ?? 0;
    if (running >= MAX_PROCESSES || own >= MAX_OF_PROJECT) return refuse(request, response, anchorError('rate_limited', 'Too many pushes and fetches at once', 'Try again in a moment.'));
    running += 1;
    ofProject.set(id, own + 1);
    let counted = true;
    const release = (): void => {
      if (!counted) return;
      counted = false;
      running -= 1;
      const left = (ofProject.get(id) ?? 1) - 1;
      if (left > 0) ofProject.set(id, left);
      else ofProject.delete(id);
    };
    try {
      const served = await serve(server, intents, allowed.value, request, response, release);
      if (!served.ok) refuse(request, response, served.error);
    } finally {
      release();
    }
  };
}

type Allowed = Readonly<{ call: GitCall; project: Project; repository: string }>;

async function allow({ ports, home, guards, access }: ServerContext, request: IncomingMessage): Promise<Result<Allowed>> {
  const call = parseGitCall(request.method, request.url ?? '/');
  if (call === undefined || home.git === undefined) return fail('not_found', 'There is no git repository at this address', 'Use the address that the project shows: anchor projects inspect.');
  const token = guards.answered({ address: request.socket.remoteAddress, authorization: request.headers.authorization }, await basicToken(ports, request.headers.authorization));
  if (!token.ok) return token;
  access.by(request, token.value.id);
  const needed = call.service === 'git-receive-pack' ? 'deploy' : 'read';
  if (!allows(token.value.scope, needed)) return fail('forbidden', `This needs a token with scope ${needed}; yours has scope ${token.value.scope}`, `Make one: anchor tokens create --scope ${needed}`);
  const project = await findProject(ports, call.project);
  if (project === undefined || !maySee(token.value, project.id)) return fail('not_found', `There is no project ${call.project}, or your token may not see it`, 'List projects with: anchor projects list');
  if (project.source.kind !== 'hosted') return fail('unsupported', `${project.name} is deployed from ${project.source.url}`, 'Push there; its webhook deploys.');
  // Asked at the first of a push's requests too: only there does git show the words of a refusal.
  const room = call.service === 'git-receive-pack' ? await ports.capacity.roomForBuild() : ok(undefined);
  if (!room.ok) return room;
  await ports.repositories.ensure(project.id);
  return ok({ call, project, repository: home.git.repositoryPath(project.id) });
}

async function serve(server: ServerContext, intents: PushIntents, { call, project, repository }: Allowed, request: IncomingMessage, response: ServerResponse, release: () => void): Promise<Result<void>> {
  if (call.advertise) return advertise(call, repository, request, response);
  if (request.headers['content-type'] !== `application/x-${call.service}-request`) return fail('malformed_body', 'This is not a request of git', 'Use git itself: git push anchor main.');
  const body = bodyOf(request);
  if (body === undefined) return fail('malformed_body', 'The content encoding is not known', 'Use git itself: git push anchor main.');
  if (call.service === 'git-receive-pack') return receivePack(server, project, repository, body, request, response, intents, release);
  const protocol = protocolOf(one(request.headers['git-protocol']));
  const git = gitProcess({ service: call.service, repository, advertise: false, maxBytes: MAX_WANTS_BYTES, ...(protocol === undefined ? {} : { protocol }) });
  const end = ended(git);
  response.writeHead(200, { 'content-type': `application/x-${call.service}-result`, 'cache-control': 'no-cache' });
  let size = 0;
  body.on('data', (chunk: Buffer) => { size += chunk.length; if (size > MAX_WANTS_BYTES) git.kill('SIGKILL'); });
  response.once('close', () => { if (git.exitCode === null) git.kill('SIGKILL'); });
  // git ends its input early when it has what it needs, and the other side may go away at any time.
  await Promise.allSettled([pipeline(body, git.stdin), pipeline(git.stdout, response)]);
  await end;
  return ok(undefined);
}

async function advertise({ service }: GitCall, repository: string, request: IncomingMessage, response: ServerResponse): Promise<Result<void>> {
  const protocol = protocolOf(one(request.headers['git-protocol']));
  const git = gitProcess({ service, repository, advertise: true, maxBytes: MAX_WANTS_BYTES, ...(protocol === undefined ? {} : { protocol }) });
  const end = ended(git);
  git.stdin.on('error', () => undefined).end();
  const chunks: Buffer[] = [];
  for await (const chunk of git.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  const { code, said } = await end;
  if (code !== 0) return fail('internal', 'git could not read the repository', 'Look into the server log.', said.slice(0, 200));
  // Protocol 2 begins with its version; the older ones with the name of the service.
  const head = service === 'git-upload-pack' && protocol === 'version=2' ? [] : [packet(`# service=${service}\n`), Buffer.from('0000')];
  const body = Buffer.concat([...head, ...chunks]);
  response.writeHead(200, { 'content-type': `application/x-${service}-advertisement`, 'cache-control': 'no-cache', 'content-length': body.length });
  response.end(body);
  return ok(undefined);
}

/** Plain text: git shows it to the person as "remote: …". */
function refuse(request: IncomingMessage, response: ServerResponse, error: AnchorError): void {
  if (response.headersSent) return void response.destroy();
  const text = `${[error.message, ...(error.cause === undefined ? [] : [error.cause]), error.fix].join('\n')}\n`;
  const headers = {
    'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff',
    ...(error.code === 'unauthenticated' ? { 'www-authenticate': 'Basic realm="Anchor Deploy", charset="UTF-8"' } : {}),
  };
  answerText(response, statusOf(error.code), text, headers, request.complete ? undefined : request);
}

const one = (value: string | string[] | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
