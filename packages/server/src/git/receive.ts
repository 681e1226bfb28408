import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';
import { parsePushHead, type PushHead } from './commands.ts';
import type { PushIntents } from './intents.ts';
import { narrate } from './narrate.ts';
import { FLUSH, parsePacket } from './pkt-line.ts';
import { ended, gitProcess, protocolOf, type GitProcess } from './process.ts';
import { acceptUpdates, type Outcome } from './pushed.ts';
import { KEEP_ALIVE, progress } from './side-band.ts';

type Head = Readonly<{ bytes: Buffer; head: PushHead; rest: AsyncIterator<Buffer> }>;

/**
 * A push: git stores it, its deliveries are stored before the answer ends, and then the build is told on the pusher's
 * terminal in front of the answer's last packet. Whether the build goes well or the pusher stays does not change what
 * was pushed.
 */
export async function receivePack(server: ServerContext, project: Project, repository: string, body: Readable, request: IncomingMessage, response: ServerResponse, intents: PushIntents, processEnded: () => void): Promise<Result<void>> {
  const read = await readHead(body);
  if (!read.ok) return read;
  const { head } = read.value;
  const pushId = await intents.begin(project, head.updates);
  const protocol = protocolOf(header(request, 'git-protocol'));
  const git = gitProcess({ service: 'git-receive-pack', repository, advertise: false, maxBytes: server.settings.limits.pushBytes, ...(protocol === undefined ? {} : { protocol }) });
  const end = ended(git);
  response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result', 'cache-control': 'no-cache' });
  const told = head.updates.length > 0 && (head.capabilities.has('side-band-64k') || head.capabilities.has('side-band'));
  const [, whole] = await Promise.all([feed(git, read.value, server.settings.limits.pushBytes), copyAnswer(git, response, told)]);
  const { code, said } = await end;
  processEnded();
  if (code !== 0) server.log({ level: 'warn', message: 'git receive-pack failed', project: project.name, code, said: said.slice(0, 500) });
  const outcomes = await acceptUpdates(server, project, repository, head.updates, pushId).then(
    async (accepted) => {
      await intents.end(pushId);
      return accepted;
    },
    (error: unknown) => {
      intents.leave(pushId);
      return notAccepted(server, project, error);
    },
  );
  if (told && whole && !response.destroyed) {
    // git's own answer has been given: whatever goes wrong in the telling must not look like a failed push.
    await tell(server, project, outcomes, response).catch((error: unknown) => report(server, project, 'a push could not be followed', error));
    response.write(FLUSH);
  }
  response.end();
  return ok(undefined);
}

/** What git has stored stays stored; the pusher learns how to deploy it. */
function notAccepted(server: ServerContext, project: Project, error: unknown): readonly Outcome[] {
  report(server, project, 'a push was stored but not acted on', error);
  return [{ branch: '', said: ['The push is stored, but the platform could not act on it.', 'Deploy it with: anchor deploy --branch <name>; the server log says what went wrong.'] }];
}

const report = (server: ServerContext, project: Project, message: string, error: unknown): void =>
  server.log({ level: 'error', message, project: project.name, error: error instanceof Error ? error.stack : String(error) });

async function readHead(body: Readable): Promise<Result<Head>> {
  const rest = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await rest.next().catch(() => undefined);
    if (next !== undefined && next.done !== true) bytes = Buffer.concat([bytes, next.value]);
    const parsed = parsePushHead(bytes);
    if (parsed.state === 'done') return ok({ bytes, head: parsed.head, rest });
    const reason = parsed.state === 'invalid' ? parsed.reason : next === undefined || next.done === true ? 'it ends too early' : undefined;
    if (reason !== undefined) return fail('malformed_body', 'This is not a git push', 'Push with git itself: git push anchor main.', reason);
  }
}

/** Gives git the request. A sender that goes away or sends too much ends git before it changes anything. */
async function feed(git: GitProcess, { bytes, rest }: Head, maxBytes: number): Promise<void> {
  git.stdin.on('error', () => undefined); // git may stop reading when it refuses; its answer says why
  let size = bytes.length;
  let chunk: Buffer = bytes;
  try {
    for (;;) {
      if (size > maxBytes) throw new Error('too large');
      if (!git.stdin.writable) break;
      if (!git.stdin.write(chunk)) await drained(git.stdin);
      const next = await rest.next();
      if (next.done === true) break;
      chunk = next.value;
      size += chunk.length;
    }
    git.stdin.end();
  } catch {
    git.kill('SIGKILL');
  }
}

/** Copies git's answer. `hold`: its last flush is kept back, so that more can follow; answers whether it was seen. */
async function copyAnswer(git: GitProcess, response: ServerResponse, hold: boolean): Promise<boolean> {
  let waiting: Buffer = Buffer.alloc(0);
  let whole = false;
  for await (const chunk of git.stdout as AsyncIterable<Buffer>) {
    if (!hold) {
      if (!response.write(chunk)) await drained(response);
      continue;
    }
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    let offset = 0;
    for (;;) {
      const packet = parsePacket(waiting, offset);
      if (packet === 'incomplete' || packet === 'invalid') break;
      whole = packet.kind === 'flush';
      if (!whole) response.write(waiting.subarray(offset, packet.end));
      offset = packet.end;
    }
    waiting = waiting.subarray(offset);
    if (response.writableNeedDrain) await drained(response);
  }
  if (waiting.length > 0) response.write(waiting);
  return whole;
}

/** Shows the pusher what becomes of the push, for as long as it takes, the pusher stays and the limit allows. */
async function tell(server: ServerContext, project: Project, outcomes: readonly Outcome[], response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, server.closing, AbortSignal.timeout(server.settings.limits.pushLogMs)]);
  const quiet = setInterval(() => { if (!response.destroyed && !response.writableNeedDrain) response.write(KEEP_ALIVE); }, server.settings.limits.heartbeatMs);
  const show = async (lines: readonly string[]): Promise<void> => { if (!response.destroyed && !response.write(progress(lines))) await drained(response); };
  try {
    const followed = outcomes.find((outcome) => outcome.deployment !== undefined);
    for (const outcome of outcomes) {
      const { branch, commit, deployment, said = [] } = outcome;
      await show(deployment === undefined ? said : [`${project.name}: ${branch} ${(commit ?? '').slice(0, 7)} → ${deployment.environment} (${deployment.id})`]);
      if (deployment !== undefined && outcome !== followed) await show([`  follow it with: anchor logs ${deployment.id} -f`]);
    }
    if (followed?.deployment === undefined) return;
    for await (const line of narrate(server.ports, followed.deployment, signal)) {
      if (gone.signal.aborted) return;
      await show([line]);
    }
  } finally {
    clearInterval(quiet);
  }
}

/** Resolves when more can be written, or when nothing can be any more. */
const drained = (stream: NodeJS.WritableStream & { destroyed?: boolean }): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed === true) return resolve();
    const done = (): void => { stream.off('drain', done); stream.off('close', done); stream.off('error', done); resolve(); };
    stream.on('drain', done).on('close', done).on('error', done);
  });

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};
