import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { PushEvent } from '@anchor/core/deliveries/push-event.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { parseGitlabEvent } from './gitlab-events.ts';
import { parseGithubEvent } from './github-events.ts';
import { hmacMatches, githubSignatureMatches, secretMatches } from './signature.ts';

/**
 * Parses and verifies the webhooks of one git provider. A new provider is an object here, and its name in
 * `DeliverySource`, `GitProvider` and their schemas.
 */
export type WebhookProvider = Readonly<{
  source: 'github' | 'gitlab' | 'gitea';
  title: string;
  /** Returns whether the bytes were signed with the secret. */
  genuine: (secret: string, bytes: Uint8Array, headers: IncomingHttpHeaders) => boolean;
  event: (headers: IncomingHttpHeaders) => string | undefined;
  /** Returns the provider's own id of this delivery, which it repeats when it sends the delivery again. */
  deliveryId: (headers: IncomingHttpHeaders) => string | undefined;
  parse: (event: string, body: unknown) => Result<PushEvent>;
}>;

const one = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};
const identifier = (text: string | undefined): string | undefined =>
  text !== undefined && /^[\x21-\x7e]{1,128}$/.test(text) ? text : undefined;

const github: WebhookProvider = {
  source: 'github',
  title: 'GitHub',
  genuine: (secret, bytes, headers) => githubSignatureMatches(secret, bytes, one(headers, 'x-hub-signature-256')),
  event: (headers) => identifier(one(headers, 'x-github-event')),
  deliveryId: (headers) => identifier(one(headers, 'x-github-delivery')),
  parse: (event, body) => parseGithubEvent('GitHub', event, body),
};

const gitlab: WebhookProvider = {
  source: 'gitlab',
  title: 'GitLab',
  genuine: (secret, _bytes, headers) => secretMatches(secret, one(headers, 'x-gitlab-token')),
  event: (headers) => one(headers, 'x-gitlab-event')?.slice(0, 128),
  deliveryId: (headers) =>
    identifier(one(headers, 'idempotency-key')) ?? identifier(one(headers, 'x-gitlab-event-uuid')),
  parse: (_event, body) => parseGitlabEvent(body),
};

const gitea: WebhookProvider = {
  source: 'gitea',
  title: 'Gitea',
  genuine: (secret, bytes, headers) => {
    const own = one(headers, 'x-gitea-signature') ?? one(headers, 'x-forgejo-signature');
    return own === undefined
      ? githubSignatureMatches(secret, bytes, one(headers, 'x-hub-signature-256'))
      : hmacMatches(secret, bytes, own);
  },
  event: (headers) => identifier(one(headers, 'x-gitea-event') ?? one(headers, 'x-forgejo-event')),
  deliveryId: (headers) => identifier(one(headers, 'x-gitea-delivery') ?? one(headers, 'x-forgejo-delivery')),
  parse: (event, body) => parseGithubEvent('Gitea', event, body),
};

export const PROVIDERS: Readonly<Record<string, WebhookProvider>> = { github, gitlab, gitea };

/** Headers worth keeping with a delivery. Signatures and tokens are not among them. */
const STORED_HEADERS = [
  'content-type',
  'user-agent',
  'x-github-event',
  'x-github-delivery',
  'x-github-hook-id',
  'x-gitlab-event',
  'x-gitlab-event-uuid',
  'x-gitlab-instance',
  'x-gitea-event',
  'x-gitea-event-type',
  'x-gitea-delivery',
  'x-forgejo-event',
  'x-forgejo-delivery',
];
export const storedHeaders = (headers: IncomingHttpHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(
    STORED_HEADERS.flatMap((name) => {
      const value = one(headers, name);
      return value === undefined ? [] : [[name, value.slice(0, 512)]];
    }),
  );

export const newExternalId = (): string => randomUUID();
