/**
 * The tests of what a client gets, whatever protocol it speaks: they run over HTTP/1.1, over TLS, and over HTTP/2.
 * behaviour-tests.test.ts holds that none is forgotten.
 */
export const BEHAVIOUR_TESTS = [
  'cache/cache.test.ts',
  'cache/capture-buffers.test.ts',
  'cache/images.test.ts',
  'cache/revalidation.test.ts',
  'cache/shell-revalidation.test.ts',
  'cache/uncached-responses.test.ts',
  'handler/routing.test.ts',
  'handler/static-rules.test.ts',
  'http/client-address.test.ts',
  'routing/hosts.test.ts',
  'routing/large-sites.test.ts',
  'routing/sites.test.ts',
  'routing/slow-rules.test.ts',
  'server/lifecycle.test.ts',
  'static/files.test.ts',
  'upstream/as-sent.test.ts',
  'upstream/broken-functions.test.ts',
  'upstream/compression/compression.test.ts',
  'upstream/crash.test.ts',
  'upstream/file-during-upload.test.ts',
  'upstream/function-pools.test.ts',
  'upstream/interim-responses.test.ts',
  'upstream/one-retry-rule.test.ts',
  'upstream/ppr-resume.test.ts',
  'upstream/proxied-bodies.test.ts',
  'upstream/proxy.test.ts',
  'upstream/retries.test.ts',
  'upstream/stale-server-action.test.ts',
  'upstream/stalled-streams.test.ts',
  'upstream/timeout.test.ts',
  'upstream/upstream-differential.test.ts',
  'upstream/upstream-request.test.ts',
  'upstream/upstream-responses.test.ts',
  'upstream/websockets.test.ts',
] as const;

/** Defines all of them in this process, which has set `testProtocol`. */
export async function runBehaviourTests(): Promise<void> {
  for (const file of BEHAVIOUR_TESTS) await import(new URL(`../${file}`, import.meta.url).href);
}
