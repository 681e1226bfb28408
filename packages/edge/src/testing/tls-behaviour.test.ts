import { createAuthority } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { testProtocol } from './test-request.ts';

/**
 * Runs the behaviour tests of the edge over HTTP/1.1 with TLS. Its own reader and node:http are both reached by it. Not
 * those of compression: their functions close connections before they have read a body, which arrives in smaller pieces.
 */
const keyPem = await generateKeyPem();
const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 };
testProtocol.tls = { keyPem, chainPem: await createAuthority('Test', keyPem, validity) };

await import('../static/files.test.ts');
await import('../handler/routing.test.ts');
await import('../routing/hosts.test.ts');
await import('../routing/sites.test.ts');
await import('../http/client-address.test.ts');
await import('../cache/cache.test.ts');
await import('../cache/images.test.ts');
await import('../upstream/proxy.test.ts');
await import('../upstream/as-sent.test.ts');
await import('../upstream/interim-responses.test.ts');
await import('../upstream/one-retry-rule.test.ts');
await import('../upstream/ppr-resume.test.ts');
await import('../upstream/retries.test.ts');
await import('../upstream/stale-server-action.test.ts');
await import('../server/lifecycle.test.ts');
