import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { acceptPush } from '@anchor/core/deliveries/accept-push.ts';
import { parseId } from '@anchor/core/names/id.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { anchorError, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';
import { respondJson, respondProblem } from '../http/respond.ts';
import { throttled } from '../http/log.ts';
import { readRaw } from '../http/raw-body.ts';
import { rejections } from './rejections.ts';
import { webhookSecrets } from './secrets.ts';
import { storedHeaders, PROVIDERS, type WebhookProvider } from './providers.ts';
import { sha256 } from './signature.ts';

const UNKNOWN = anchorError(
  'not_found',
  'There is no such project',
  'Check the address of the webhook: anchor projects inspect shows it.',
);

const NOT_POST = anchorError('unsupported', 'Webhooks are sent with POST', 'Set the webhook up at the git host.');
const BUSY = {
  ...anchorError('rate_limited', 'Too many large deliveries at once', 'Send it again in a moment.'),
  retryAfterSeconds: 5,
};
const tooLarge = (max: number): AnchorError =>
  anchorError(
    'too_large',
    `The delivery is larger than ${max} bytes`,
    'Send smaller events; GitHub itself stops at 25 MB.',
  );
const badSignature = (title: string): AnchorError =>
  anchorError(
    'bad_signature',
    `The signature of this ${title} webhook is wrong or missing`,
    'Enter the webhook secret of the project at the git host; a new one comes from: anchor projects rotate-hooks',
  );

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Handles POST /webhooks/{github|gitlab|gitea}/{projectId}: signature first, then the parse; 202 once the delivery is
 * on disk.
 */
export function webhooks(server: ServerContext): Listener {
  const receiver = new WebhookReceiver(server);
  return (request, response) => receiver.receive(request, response);
}

/** The git host and the project that the address of a webhook names. */
type Addressee = Readonly<{ provider: WebhookProvider; project: Project }>;

class WebhookReceiver {
  readonly #ports: ServerContext['ports'];
  readonly #secretOf: ReturnType<typeof webhookSecrets>;
  readonly #record: ReturnType<typeof rejections>;
  readonly #accept: ReturnType<typeof acceptPush>;
  readonly #log: ServerContext['log'];
  readonly #maxBytes: number;
  /** Shared by all deliveries in flight. */
  readonly #memory: { left: number };

  constructor({ ports, settings, log }: ServerContext) {
    const { limits } = settings;
    this.#ports = ports;
    this.#secretOf = webhookSecrets(ports);
    this.#record = rejections(ports, limits.rejectedDeliveries);
    this.#accept = acceptPush(ports);
    this.#log = throttled(log, 60, () => ports.clock.now());
    this.#maxBytes = limits.webhookBytes;
    this.#memory = { left: limits.webhookMemoryBytes };
  }

  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const respond = (error: AnchorError, headers?: Readonly<Record<string, string>>): void =>
      respondProblem(request, response, error, randomUUID(), headers);
    const to = await this.#addressee(request);
    if (to === undefined) return respond(UNKNOWN);
    if (request.method !== 'POST') return respond(NOT_POST, { allow: 'POST' });
    const refuse = async (error: AnchorError, body: string): Promise<void> => {
      await this.#recordRefusal(to, request, error, body);
      respond(error);
    };
    const read = await readRaw(request, this.#maxBytes, this.#memory);
    if (read.kind === 'aborted') return;
    if (read.kind === 'busy') return respond(BUSY);
    if (read.kind === 'too_large') return refuse(tooLarge(this.#maxBytes), '');
    const { bytes } = read;
    const secret = await this.#secretOf(to.project);
    if (!secret.ok) return respond(secret.error);
    const { provider, project } = to;
    if (!provider.genuine(secret.value, bytes, request.headers)) return refuse(badSignature(provider.title), '');
    const parsed = parse(provider, project, request, bytes);
    if (!parsed.ok) return refuse(parsed.error, isUtf8(bytes) ? bytes.toString('utf8', 0, 4_096) : '');
    const accepted = await this.#accept(parsed.value, project);
    if (!accepted.ok) return respond(accepted.error);
    const { delivery, deploymentIds, duplicate } = accepted.value;
    const headers = duplicate ? { 'x-anchor-duplicate': 'true' } : {};
    respondJson(response, 202, { deliveryId: delivery.id, deploymentIds }, headers);
  }

  async #addressee(request: IncomingMessage): Promise<Addressee | undefined> {
    const [, , host = '', id = ''] = (request.url ?? '').split('?', 1)[0]?.split('/') ?? [];
    const provider = Object.hasOwn(PROVIDERS, host) ? PROVIDERS[host] : undefined;
    const projectId = parseId('prj', id);
    if (provider !== undefined && projectId !== undefined) {
      const project = await this.#ports.projects.get(projectId);
      if (project !== undefined) return { provider, project };
    }
    this.#log({
      level: 'warn',
      message: 'a webhook for no known project was refused',
      path: (request.url ?? '').slice(0, 200),
      from: request.socket.remoteAddress,
    });
    return undefined;
  }

  #recordRefusal(
    { provider, project }: Addressee,
    { headers }: IncomingMessage,
    error: AnchorError,
    body: string,
  ): Promise<void> {
    return this.#record({
      projectId: project.id,
      source: provider.source,
      event: provider.event(headers) ?? 'unknown',
      headers: storedHeaders(headers),
      body,
      reason: error.cause === undefined ? error.message : `${error.message}: ${error.cause}`,
    });
  }
}

type Incoming = Parameters<ReturnType<typeof acceptPush>>[0];

function parse(provider: WebhookProvider, project: Project, request: IncomingMessage, bytes: Buffer): Result<Incoming> {
  const body = bodyOf(request, bytes);
  if (!body.ok) return body;
  const event = provider.event(request.headers);
  if (event === undefined)
    return fail(
      'malformed_body',
      `The header that names the ${provider.title} event is missing`,
      'Check that the webhook address belongs to this kind of git host.',
    );
  const push = provider.parse(event, body.value.json);
  if (!push.ok) return push;
  const senderId = provider.deliveryId(request.headers);
  return ok({
    ...(senderId === undefined ? {} : { senderId }),
    projectId: project.id,
    source: provider.source,
    event,
    push: push.value,
    headers: storedHeaders(request.headers),
    body: body.value.text,
    // Its id is not signed, the bytes are: a delivery that was observed could be sent again under another id.
    externalId: `sha256-${sha256(`${event}\n${sha256(bytes)}`)}`,
  });
}

/** Returns the JSON of a body: as it is, or in the field `payload` of a form, as GitHub can send it. */
function bodyOf(request: IncomingMessage, bytes: Buffer): Result<Readonly<{ json: unknown; text: string }>> {
  const malformed = (why: string) =>
    fail('malformed_body', 'The body cannot be read', 'Set the content type of the webhook to application/json.', why);
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
