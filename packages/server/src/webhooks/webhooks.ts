import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { acceptPush } from '@anchor/core/deliveries/accept-push.ts';
import { parseId } from '@anchor/core/names/id.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { anchorError, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';
import { answerJson, answerProblem } from '../http/answer.ts';
import { throttled } from '../http/log.ts';
import { readRaw } from '../http/raw-body.ts';
import { rejections } from './rejections.ts';
import { webhookSecrets } from './secrets.ts';
import { keptHeaders, SENDERS, type Sender } from './sender.ts';
import { sha256 } from './signature.ts';

const UNKNOWN = anchorError('not_found', 'There is no such project', 'Check the address of the webhook: anchor projects inspect shows it.');

/** POST /webhooks/{github|gitlab|gitea}/{projectId}: signature first, then the parse; 202 once the delivery is on disk. */
export function webhooks(server: ServerContext): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { ports, settings } = server;
  const secretOf = webhookSecrets(ports);
  const reject = rejections(ports, settings.limits.rejectedDeliveries);
  const accept = acceptPush(ports);
  const log = throttled(server.log, 60, () => ports.clock.now());
  const max = settings.limits.webhookBytes;
  const budget = { left: settings.limits.webhookMemoryBytes };

  return async (request, response) => {
    const [, , host = '', id = ''] = (request.url ?? '').split('?', 1)[0]?.split('/') ?? [];
    const sender = Object.hasOwn(SENDERS, host) ? SENDERS[host] : undefined;
    const projectId = parseId('prj', id);
    const project = sender === undefined || projectId === undefined ? undefined : await ports.projects.get(projectId);
    if (sender === undefined || project === undefined) {
      log({ level: 'warn', message: 'a webhook for no known project was refused', path: (request.url ?? '').slice(0, 200), from: request.socket.remoteAddress });
      return answerProblem(request, response, UNKNOWN, randomUUID());
    }
    const refuse = async (error: AnchorError, body: string): Promise<void> => {
      await reject({ projectId: project.id, source: sender.source, event: sender.event(request.headers) ?? 'unknown', headers: keptHeaders(request.headers), body, reason: error.cause === undefined ? error.message : `${error.message}: ${error.cause}` });
      answerProblem(request, response, error, randomUUID());
    };
    if (request.method !== 'POST') return answerProblem(request, response, anchorError('unsupported', 'Webhooks are sent with POST', 'Set the webhook up at the git host.'), randomUUID(), { allow: 'POST' });
    const read = await readRaw(request, max, budget);
    if (read.kind === 'aborted') return;
    if (read.kind === 'busy') return answerProblem(request, response, { ...anchorError('rate_limited', 'Too many large deliveries at once', 'Send it again in a moment.'), retryAfterSeconds: 5 }, randomUUID());
    if (read.kind === 'too_large') return refuse(anchorError('too_large', `The delivery is larger than ${max} bytes`, 'Send smaller events; GitHub itself stops at 25 MB.'), '');
    const { bytes } = read;
    const secret = await secretOf(project);
    if (!secret.ok) return answerProblem(request, response, secret.error, randomUUID());
    if (!sender.genuine(secret.value, bytes, request.headers)) {
      return refuse(anchorError('bad_signature', `The signature of this ${sender.title} webhook is wrong or missing`, 'Enter the webhook secret of the project at the git host; a new one comes from: anchor projects rotate-hooks'), '');
    }
    const parsed = parse(sender, project, request, bytes);
    if (!parsed.ok) return refuse(parsed.error, isUtf8(bytes) ? bytes.toString('utf8', 0, 4_096) : '');
    const accepted = await accept(parsed.value, project);
    if (!accepted.ok) return answerProblem(request, response, accepted.error, randomUUID());
    const { delivery, deploymentIds, duplicate } = accepted.value;
    answerJson(response, 202, { deliveryId: delivery.id, deploymentIds }, duplicate ? { 'x-anchor-duplicate': 'true' } : {});
  };
}

type Incoming = Parameters<ReturnType<typeof acceptPush>>[0];

function parse(sender: Sender, project: Project, request: IncomingMessage, bytes: Buffer): Result<Incoming> {
  const body = bodyOf(request, bytes);
  if (!body.ok) return body;
  const event = sender.event(request.headers);
  if (event === undefined) return fail('malformed_body', `The header that names the ${sender.title} event is missing`, 'Check that the webhook address belongs to this kind of git host.');
  const push = sender.parse(event, body.value.json);
  if (!push.ok) return push;
  return ok({
    projectId: project.id, source: sender.source, event, push: push.value, headers: keptHeaders(request.headers), body: body.value.text,
    // Without an id of the sender's, the same bytes count as the same delivery.
    externalId: sender.deliveryId(request.headers) ?? `sha256-${sha256(bytes)}`,
  });
}

/** The JSON of a body: as it is, or in the field `payload` of a form, as GitHub can send it. */
function bodyOf(request: IncomingMessage, bytes: Buffer): Result<Readonly<{ json: unknown; text: string }>> {
  const malformed = (why: string) => fail('malformed_body', 'The body can not be read', 'Set the content type of the webhook to application/json.', why);
  if (!isUtf8(bytes)) return malformed('it is not UTF-8');
  const text = bytes.toString('utf8');
  const form = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
  const json = form ? new URLSearchParams(text).get('payload') : text;
  if (json === null) return malformed('the form has no field "payload"');
  try {
    return ok({ json: JSON.parse(json) as unknown, text: json });
  } catch {
    return malformed('it is not JSON');
  }
}
