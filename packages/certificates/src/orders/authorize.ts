import type { Order } from '@anchor/acme/client/acme-client.ts';
import type { AcmeAccount } from '@anchor/acme/client/signed-requests.ts';
import { dnsRecord, keyAuthorization, persistentDnsRecord } from '@anchor/acme/challenges/key-authorization.ts';
import type { Authorization } from '@anchor/acme/messages/schemas.ts';
import type { IssueStep } from '@anchor/core/ports/certificates.ts';
import { anchorError } from '@anchor/core/result/result.ts';
import type { Authority } from '../authorities/authority.ts';
import type { ChallengeRecord, OrderRecord } from '../records/records.ts';
import { pickChallenge, possibleTypes } from '../solvers/challenge-types.ts';
import type { Challenges } from '../solvers/challenges.ts';
import type { OrderContext } from './order-context.ts';
import { requestFailure, validationFailure, type FailureContext, type OrderFailure } from './order-failure.ts';

export type Authorizing = Readonly<{
  context: OrderContext;
  challenges: Challenges;
  authority: Authority;
  account: AcmeAccount;
  order: Order;
  record: OrderRecord;
  failureContext: FailureContext;
  signal: AbortSignal;
  onStep: (step: IssueStep) => void;
  /** Stores challenges before they are published. */
  save: (challenges: readonly ChallengeRecord[]) => Promise<void>;
}>;

/**
 * `started`: the CA validates, or has validated. `interrupted`: the order continues here later. `failed`: the order is
 * lost, and another one is needed.
 */
export type AuthorizeOutcome =
  | Readonly<{ kind: 'started' }>
  | Readonly<{ kind: 'interrupted' | 'failed'; failure: OrderFailure }>;

type Pending = Readonly<{ url: string; authorization: Authorization }>;

/** Completes the challenges of an order: stores the responses, publishes them, then notifies the CA. */
export async function authorize(run: Authorizing): Promise<AuthorizeOutcome> {
  const pending: Pending[] = [];
  for (const url of run.order.authorizations) {
    const authorization = await run.authority.client.authorization(run.account, url);
    if (!authorization.ok)
      return { kind: 'interrupted', failure: requestFailure(authorization.error, run.failureContext) };
    const { status } = authorization.value;
    if (status === 'pending') pending.push({ url, authorization: authorization.value });
    else if (status !== 'valid') return { kind: 'failed', failure: reasonOf(run, authorization.value) };
  }
  if (run.order.status === 'invalid') return { kind: 'failed', failure: orderReason(run) };
  // Where the challenge of a wildcard leads to is looked up first, at servers of the domain's owner.
  if (pending.some(({ authorization }) => authorization.wildcard === true)) run.onStep('dns');
  const picked = await Promise.all(pending.map((each) => pick(run, each)));
  const missing = picked.find((each) => 'failure' in each);
  if (missing !== undefined) return { kind: 'failed', failure: missing.failure };
  const challenges = picked.flatMap((each) => ('challenge' in each ? [each.challenge] : []));
  await run.save(challenges);
  if (challenges.some(({ record }) => record !== undefined)) run.onStep('dns');
  const published = await Promise.all(challenges.map((each) => run.challenges.publish(each, run.signal)));
  const refused = published.find((each) => !each.ok);
  if (refused?.ok === false) return { kind: 'interrupted', failure: { kind: 'validation', error: refused.error } };
  run.onStep('challenge');
  for (const { url } of challenges) {
    // One that the CA works on already, since an earlier process started it, is refused or left as it is.
    const started = await run.authority.client.startChallenge(run.account, url);
    if (!started.ok && started.error.kind === 'unreachable')
      return { kind: 'interrupted', failure: requestFailure(started.error, run.failureContext) };
  }
  return { kind: 'started' };
}

type Picked = Readonly<{ challenge: ChallengeRecord }> | Readonly<{ failure: OrderFailure }>;

async function pick(run: Authorizing, { url, authorization }: Pending): Promise<Picked> {
  const { record, account, context, challenges } = run;
  const { value } = authorization.identifier;
  const name = authorization.wildcard === true && !value.startsWith('*.') ? `*.${value}` : value;
  const stored = record.challenges.find((each) => each.authorizationUrl === url);
  if (stored !== undefined) return { challenge: stored };
  const writable = await challenges.checkWritable(name);
  const possible = possibleTypes(name, context.challengeTypes, writable.ok);
  const challenge = pickChallenge(authorization, possible, record.failuresHere);
  if (challenge === undefined) {
    // Its alias leads elsewhere, or a name server did not respond for a moment: no CA was involved, so none has to rest.
    if (!writable.ok && challenges.mayWrite(name)) return { failure: { kind: 'validation', error: writable.error } };
    return { failure: { kind: 'final', error: unsolvable(name, run) } };
  }
  const token = challenge.token ?? '';
  const keyed = keyAuthorization(token, account.key);
  const [issuer = ''] = challenge['issuer-domain-names'] ?? [];
  const persistent = challenge.type === 'dns-persist-01';
  const text = persistent ? persistentDnsRecord(name, issuer, account.url, name.startsWith('*.')) : undefined;
  const txt = challenge.type === 'dns-01' ? dnsRecord(name, keyed) : text;
  return {
    challenge: {
      type: challenge.type,
      name,
      url: challenge.url,
      authorizationUrl: url,
      token,
      authorization: keyed,
      ...(txt === undefined ? {} : { record: txt }),
    },
  };
}

/** Describes a name for which no challenge can be completed here. */
const unsolvable = (name: string, { authority }: Pick<Authorizing, 'authority'>) =>
  anchorError(
    'unsupported',
    `${authority.name} verifies ${name} in no way that is set up here`,
    'Give the platform access to the DNS of the domain with --dns-providers, or upload a certificate.',
    name.startsWith('*.') ? 'A wildcard is verified by a DNS record.' : undefined,
  );

function reasonOf(run: Authorizing, authorization: Authorization): OrderFailure {
  const { challenges, identifier, wildcard, status } = authorization;
  const name = wildcard === true ? `*.${identifier.value.replace(/^\*\./, '')}` : identifier.value;
  const problem = challenges.find(({ error }) => error !== undefined)?.error;
  const unnamed = { type: 'unknown', detail: `The authorization is ${status}`, subproblems: [] };
  const failure = validationFailure(problem ?? unnamed, name, run.failureContext);
  const stored = run.record.challenges.find((each) => each.name === name);
  if (stored?.type !== 'dns-persist-01' || stored.record === undefined) return failure;
  const { code, message, cause } = failure.error;
  const fix = `Add the DNS record: ${stored.record.name} TXT "${stored.record.value}"`;
  return { ...failure, error: anchorError(code, message, fix, cause) };
}

function orderReason({ order, failureContext, record }: Authorizing): OrderFailure {
  const problem = order.error ?? { type: 'unknown', detail: 'The order is invalid', subproblems: [] };
  const name = problem.subproblems[0]?.identifier?.value ?? record.names[0] ?? '';
  return validationFailure(problem, name, failureContext);
}
