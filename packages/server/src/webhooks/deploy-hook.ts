import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { acceptPush } from '@anchor/core/deliveries/accept-push.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { parseBranchName } from '@anchor/core/names/name.ts';
import { anchorError } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';
import { headOf } from '../deployments/head.ts';
import { answerJson, answerProblem } from '../http/answer.ts';
import { throttled } from '../http/log.ts';
import { readRaw } from '../http/raw-body.ts';
import { rejections } from './rejections.ts';
import { keptHeaders, newExternalId } from './sender.ts';
import { secretMatches, sha256 } from './signature.ts';

const MAX_BODY = 64 * 1024;

/** POST /hooks/{projectId}/{secret}?branch=…: the secret in the address is the permission. Builds the branch's newest commit, again if it was built before. */
export function deployHook(server: ServerContext): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { ports, settings } = server;
  const reject = rejections(ports, settings.limits.rejectedDeliveries);
  const accept = acceptPush(ports);
  const log = throttled(server.log, 60, () => ports.clock.now());

  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://hook');
    const [, , id = '', secret = ''] = url.pathname.split('/');
    const refuse = (error: Parameters<typeof answerProblem>[2]) => answerProblem(request, response, error, randomUUID());
    const projectId = parseId('prj', id);
    const project = projectId === undefined ? undefined : await ports.projects.get(projectId);
    if (project === undefined) {
      log({ level: 'warn', message: 'a deploy hook for no known project was refused', from: request.socket.remoteAddress });
      return refuse(anchorError('not_found', 'There is no such project', 'Check the address of the deploy hook.'));
    }
    if (request.method !== 'POST') return answerProblem(request, response, anchorError('unsupported', 'Deploy hooks are called with POST', 'Use: curl -X POST <address>'), randomUUID(), { allow: 'POST' });
    const rejected = async (error: Parameters<typeof answerProblem>[2]): Promise<void> => {
      await reject({ projectId: project.id, source: 'hook', event: 'deploy', headers: keptHeaders(request.headers), body: '', reason: error.message });
      refuse(error);
    };
    // The stored hash and the hash of what was given are compared, in constant time.
    if (!secretMatches(project.deployHookHash, sha256(secret))) return rejected(anchorError('bad_signature', 'The secret of this deploy hook is wrong', 'Make a new address: anchor projects rotate-hooks'));
    const body = await readRaw(request, MAX_BODY);
    if (body.kind === 'aborted') return;
    if (body.kind !== 'bytes') return rejected(anchorError('too_large', `A deploy hook takes at most ${MAX_BODY} bytes`, 'Send no body; name the branch in the address: ?branch=main'));
    const branch = parseBranchName(url.searchParams.get('branch') ?? project.productionBranch);
    if (!branch.ok) return rejected(branch.error);
    const commit = await headOf(server, project, branch.value);
    if (!commit.ok) return rejected(commit.error);
    const key = request.headers['idempotency-key'];
    const accepted = await accept({
      projectId: project.id, source: 'hook', event: 'deploy', headers: keptHeaders(request.headers), body: body.bytes.toString('utf8'),
      externalId: typeof key === 'string' && /^[\x21-\x7e]{1,128}$/.test(key) ? key : newExternalId(), push: { kind: 'push', branch: branch.value, commit: commit.value }, force: true,
    });
    if (!accepted.ok) return refuse(accepted.error);
    answerJson(response, 202, { deliveryId: accepted.value.delivery.id, deploymentIds: accepted.value.deploymentIds });
  };
}
