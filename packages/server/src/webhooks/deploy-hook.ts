import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { acceptPush } from '@anchor/core/deliveries/accept-push.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { parseBranchName } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { anchorError } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';
import { respondJson, respondProblem } from '../http/respond.ts';
import { throttled } from '../http/log.ts';
import { readRaw } from '../http/raw-body.ts';
import { rejections } from './rejections.ts';
import { storedHeaders, newExternalId } from './providers.ts';
import { secretMatches, sha256 } from './signature.ts';

const MAX_BODY = 64 * 1024;
const HEAD_MS = 20_000;

const UNKNOWN = anchorError('not_found', 'There is no such project', 'Check the address of the deploy hook.');
const NOT_POST = anchorError('unsupported', 'Deploy hooks are called with POST', 'Use: curl -X POST <address>');
const WRONG_SECRET = anchorError(
  'bad_signature',
  'The secret of this deploy hook is wrong',
  'Make a new address: anchor projects rotate-hooks',
);
const TOO_LARGE = anchorError(
  'too_large',
  `A deploy hook takes at most ${MAX_BODY} bytes`,
  'Send no body; name the branch in the address: ?branch=main',
);

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type ProblemError = Parameters<typeof respondProblem>[2];

/**
 * Handles POST /hooks/{projectId}/{secret}?branch=…: the secret in the address is the permission. Builds the branch's
 * newest commit, again if it was built before.
 */
export function deployHook(server: ServerContext): Listener {
  const receiver = new DeployHook(server);
  return (request, response) => receiver.receive(request, response);
}

class DeployHook {
  readonly #ports: ServerContext['ports'];
  readonly #record: ReturnType<typeof rejections>;
  readonly #accept: ReturnType<typeof acceptPush>;
  readonly #log: ServerContext['log'];

  constructor({ ports, settings, log }: ServerContext) {
    this.#ports = ports;
    this.#record = rejections(ports, settings.limits.rejectedDeliveries);
    this.#accept = acceptPush(ports);
    this.#log = throttled(log, 60, () => ports.clock.now());
  }

  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const respond = (error: ProblemError, headers?: Readonly<Record<string, string>>): void =>
      respondProblem(request, response, error, randomUUID(), headers);
    const url = new URL(request.url ?? '/', 'http://hook');
    const [, , id = '', secret = ''] = url.pathname.split('/');
    const projectId = parseId('prj', id);
    const project = projectId === undefined ? undefined : await this.#ports.projects.get(projectId);
    if (project === undefined) {
      const from = request.socket.remoteAddress;
      this.#log({ level: 'warn', message: 'a deploy hook for no known project was refused', from });
      return respond(UNKNOWN);
    }
    if (request.method !== 'POST') return respond(NOT_POST, { allow: 'POST' });
    const refuse = async (error: ProblemError): Promise<void> => {
      await this.#recordRefusal(project, request, error);
      respond(error);
    };
    // The stored hash and the hash of what was given are compared, in constant time.
    if (!secretMatches(project.deployHookHash, sha256(secret))) return refuse(WRONG_SECRET);
    const body = await readRaw(request, MAX_BODY);
    if (body.kind === 'aborted') return;
    if (body.kind !== 'bytes') return refuse(TOO_LARGE);
    const branch = parseBranchName(url.searchParams.get('branch') ?? project.productionBranch);
    if (!branch.ok) return refuse(branch.error);
    const commit = await this.#ports.heads.head(project, { kind: 'branch', branch: branch.value }, HEAD_MS);
    if (!commit.ok) return refuse(commit.error);
    const accepted = await this.#accept({
      projectId: project.id,
      source: 'hook',
      event: 'deploy',
      headers: storedHeaders(request.headers),
      body: body.bytes.toString('utf8'),
      externalId: externalIdOf(request),
      push: { kind: 'push', branch: branch.value, commit: commit.value },
      force: true,
    });
    if (!accepted.ok) return respond(accepted.error);
    const { delivery, deploymentIds } = accepted.value;
    respondJson(response, 202, { deliveryId: delivery.id, deploymentIds });
  }

  #recordRefusal(project: Project, { headers }: IncomingMessage, error: ProblemError): Promise<void> {
    return this.#record({
      projectId: project.id,
      source: 'hook',
      event: 'deploy',
      headers: storedHeaders(headers),
      body: '',
      reason: error.message,
    });
  }
}

/** The sender's idempotency key: a request with the same key deploys once. */
function externalIdOf({ headers }: IncomingMessage): string {
  const key = headers['idempotency-key'];
  return typeof key === 'string' && /^[\x21-\x7e]{1,128}$/.test(key) ? key : newExternalId();
}
