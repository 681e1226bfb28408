import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { AccountKey } from '../jose/account-key.ts';
import type { AcmeError } from '../messages/acme-error.ts';
import { createAuthority, issueCertificate } from '../x509/authority.ts';
import { generateKeyPem } from '../x509/key-pair.ts';
import { AcmeClient } from './acme-client.ts';

const DAY = 86_400_000;
const validity = { notBefore: Date.now() - DAY, notAfter: Date.now() + DAY };
const [authorityKey, key] = [await generateKeyPem(), await generateKeyPem()];
const root = await createAuthority('Test', authorityKey, validity);
const authority = { certificatePem: root, keyPem: authorityKey };
const cert = await issueCertificate(authority, [{ type: 'ip', value: '127.0.0.1' }], key, validity);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let handler: Handler = () => {};
const server = createServer({ cert, key }, (request, response) => handler(request, response));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
const clients: AcmeClient[] = [];
after(() => {
  for (const client of clients) client.close();
  server.closeAllConnections();
  server.close();
});

function clientOf(timeoutMs = 5_000): AcmeClient {
  const client = new AcmeClient({ directoryUrl: `${base}/dir`, trustedPem: root, userAgent: 'test', timeoutMs });
  clients.push(client);
  return client;
}

const DIRECTORY = { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` };
const ACCOUNT = { url: `${base}/account/1`, key: AccountKey.generate() };
const ORDER = { identifiers: [{ type: 'dns', value: 'example.com' }] } as const;

/** Serves the directory and nonces as a CA does, and everything else by `rest`. */
const ca =
  (rest: Handler, directory: unknown = DIRECTORY): Handler =>
  (request, response) => {
    response.setHeader('replay-nonce', 'abc');
    if (request.url === '/dir') response.end(JSON.stringify(directory));
    else if (request.url === '/nonce') response.end();
    else rest(request, response);
  };

async function refusal(client = clientOf()): Promise<AcmeError> {
  const result = await client.newOrder(ACCOUNT, ORDER);
  assert.ok(!result.ok);
  return result.error;
}

test("429 with a day's Retry-After is a problem that says so", async () => {
  handler = ca((_request, response) => {
    response.writeHead(429, { 'retry-after': '86400' });
    response.end(JSON.stringify({ type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' }));
  });
  const error = await refusal();
  assert.ok(error.kind === 'problem');
  assert.deepEqual([error.problem.type, error.retryAfterMs], ['rateLimited', 86_400_000]);
});

test('a page of a proxy instead of a problem is one too', async () => {
  handler = ca((_request, response) => void response.writeHead(502).end('<html>Bad gateway</html>'));
  const error = await refusal();
  assert.ok(error.kind === 'problem' && error.status === 502 && error.problem.type === 'unknown');
});

test('a CA that hangs up, hangs, or sends without end is unreachable within the timeout', async () => {
  handler = ca((request) => request.socket.destroy());
  assert.equal((await refusal()).kind, 'unreachable');
  handler = ca(() => {});
  assert.equal((await refusal(clientOf(200))).kind, 'unreachable');
  handler = ca((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  const error = await refusal();
  assert.ok(error.kind === 'unreachable' && error.detail.includes('larger'));
});

test('a CA that refuses every nonce is given up on', async () => {
  let requests = 0;
  handler = ca((_request, response) => {
    requests++;
    response.writeHead(400).end(JSON.stringify({ type: 'urn:ietf:params:acme:error:badNonce' }));
  });
  assert.equal((await refusal()).kind, 'problem');
  assert.equal(requests, 10);
});

test('a redirect is not followed, and a plain HTTP address in a directory is refused', async () => {
  handler = ca((_request, response) => void response.writeHead(302, { location: `${base}/dir` }).end());
  assert.equal((await refusal()).kind, 'problem');
  handler = ca(() => {}, { ...DIRECTORY, newOrder: 'http://127.0.0.1/order' });
  assert.equal((await refusal()).kind, 'invalid_response');
  handler = ca((_request, response) => void response.writeHead(201).end('{}'));
  assert.equal((await refusal()).kind, 'invalid_response');
});

test('an order of any shape is read or refused, never thrown', async () => {
  const client = clientOf();
  let body = '';
  handler = ca((_request, response) => void response.writeHead(201, { location: `${base}/order/1` }).end(body));
  const order = fc.record(
    {
      status: fc.constantFrom('pending', 'valid', 'odd', 7),
      identifiers: fc.oneof(fc.constant([{ type: 'dns', value: 'example.com' }]), fc.jsonValue()),
      authorizations: fc.oneof(fc.array(fc.webUrl()), fc.constant([`${base}/authz`]), fc.jsonValue()),
      finalize: fc.oneof(fc.constant(`${base}/finalize`), fc.string()),
      error: fc.oneof(fc.record({ type: fc.string(), detail: fc.string() }), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        order.map((each) => JSON.stringify(each)),
        fc.json(),
        fc.string(),
      ),
      async (text) => {
        body = text;
        const result = await client.newOrder(ACCOUNT, ORDER);
        assert.ok(result.ok || result.error.kind === 'invalid_response');
      },
    ),
    { numRuns: 300 },
  );
});
