import { runBehaviourTests } from './behaviour-tests.ts';
import { testProtocol } from './test-request.ts';

/**
 * Runs the behaviour tests of the edge over HTTP/2: the test bed sends the same requests by it. What is written to a
 * socket byte by byte stays HTTP/1.1.
 */
testProtocol.http2 = true;

await runBehaviourTests();
