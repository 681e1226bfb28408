import { createAuthority } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { runBehaviourTests } from './behaviour-tests.ts';
import { testProtocol } from './test-request.ts';

/**
 * Runs the behaviour tests of the edge over HTTP/1.1 with TLS. Its own reader and node:http are both reached by it.
 */
const keyPem = await generateKeyPem();
const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 };
testProtocol.tls = { keyPem, chainPem: await createAuthority('Test', keyPem, validity) };

await runBehaviourTests();
