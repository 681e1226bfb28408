import { testProtocol } from './test-request.ts';

/**
 * Runs the behaviour tests of the edge over HTTP/2: the test bed sends the same requests by it. What is written to a
 * socket byte by byte stays HTTP/1.1.
 */
testProtocol.http2 = true;

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
await import('../upstream/compression/compression.test.ts');
await import('../server/lifecycle.test.ts');
