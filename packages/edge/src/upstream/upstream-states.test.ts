import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { dpl, eventually } from '../testing/test-bed.ts';
import { TestFunctions } from '../testing/test-functions.ts';
import type { UpstreamTransport } from '../http1/upstream/transport.ts';
import { DEFAULT_EDGE_SETTINGS } from '../util/settings.ts';
import { FunctionPools } from './function-pools.ts';
import type { UpstreamFailure } from './upstream-failure.ts';
import { UpstreamRequest } from './upstream-request.ts';

const settings = { ...DEFAULT_EDGE_SETTINGS, startMs: 5_000, idleMs: 20, silentMs: 30 };
const LIMIT_MS = 10;
const functions = new TestFunctions();
functions.timeoutMs = LIMIT_MS;
const pools = new FunctionPools(functions, settings);
after(() => pools.close());
functions.name(dpl(1), { kind: 'unix', path: '/nowhere.sock', instance: 'one' });

class FakeTransport implements UpstreamTransport {
  connected = true;
  reused = false;
  received = false;
  readonly calls: string[] = [];
  pause(): void {}
  resume(): void {}
  discard(): void {
    this.calls.push('discard');
  }
  abandon(): void {
    this.calls.push('abandon');
  }
}

/** A request over fake transports, with the deadline in force (undefined: none). */
function create(repeatable = true) {
  const transports: FakeTransport[] = [];
  const failures: UpstreamFailure[] = [];
  const state = { deadlineMs: undefined as number | undefined, onTimeout: (): void => undefined };
  const request = new UpstreamRequest(
    {
      pools,
      settings,
      deploymentId: dpl(1),
      repeatable,
      deadline: {
        setDeadline: (ms, onTimeout) => {
          state.deadlineMs = onTimeout === undefined ? undefined : ms;
          state.onTimeout = onTimeout ?? (() => undefined);
        },
      },
    },
    {
      clientLeft: false,
      send: () => {
        const transport = new FakeTransport();
        transports.push(transport);
        return transport;
      },
      failed: (failure) => failures.push(failure),
    },
  );
  return { request, transports, failures, state };
}

async function started(repeatable?: boolean) {
  const created = create(repeatable);
  created.request.start();
  await eventually(() => created.transports.length === 1);
  return created;
}

test("the deadline is the project's limit until the head arrives, and the client's own while it is waited for", async () => {
  const { request, state, transports } = await started();
  assert.deepEqual([request.state, state.deadlineMs], ['connecting', LIMIT_MS]);
  request.sending();
  assert.deepEqual([request.state, state.deadlineMs], ['sending', settings.idleMs]);
  request.sent();
  request.waitFor('function');
  assert.deepEqual([request.state, state.deadlineMs], ['awaiting head', LIMIT_MS]);
  request.streaming();
  assert.deepEqual([request.state, state.deadlineMs], ['streaming', settings.silentMs]);
  request.waitFor('client');
  assert.equal(state.deadlineMs, settings.idleMs);
  request.progressed();
  assert.equal(state.deadlineMs, settings.idleMs, 'progress does not change the party');
  request.received();
  request.waitFor('function');
  assert.equal(state.deadlineMs, settings.idleMs, 'the client alone is waited for once all has arrived');
  request.finish();
  assert.deepEqual([request.state, state.deadlineMs], ['done', undefined]);
  assert.deepEqual(transports[0]?.calls, []);
});

test('each end of a request releases its lease once, and reports why it failed', async () => {
  const ends: Record<string, [(created: Awaited<ReturnType<typeof started>>) => void, UpstreamFailure | undefined]> = {
    'a timeout of the function': [({ state }) => state.onTimeout(), { kind: 'timed out', limitMs: LIMIT_MS }],
    'a timeout of the client': [
      ({ request, state }) => {
        request.sending();
        state.onTimeout();
      },
      { kind: 'client timed out' },
    ],
    'a timeout within a response': [
      ({ request, state }) => {
        request.streaming();
        state.onTimeout();
      },
      { kind: 'broken' },
    ],
    'a malformed response': [({ request }) => request.rejected('nonsense'), { kind: 'gone', cause: 'nonsense' }],
    'a client that left': [({ request }) => request.left(), { kind: 'left' }],
    'a response that is not needed': [({ request }) => request.discard(), undefined],
    'a whole response': [
      ({ request }) => {
        request.streaming();
        request.received();
        request.finish();
      },
      undefined,
    ],
  };
  for (const [name, [end, expected]] of Object.entries(ends)) {
    const created = await started();
    assert.equal(pools.status().inflight, 1, name);
    end(created);
    assert.equal(pools.status().inflight, 0, name);
    assert.equal(created.request.state, 'done', name);
    created.request.fail({ kind: 'internal' });
    created.request.gone(new Error('late'));
    assert.deepEqual(created.failures, expected === undefined ? [] : [expected], name);
    assert.equal(created.state.deadlineMs, undefined, name);
  }
});

test('the connection of an attempt decides whether another one follows', async () => {
  const attempts: [boolean, Partial<FakeTransport>, boolean][] = [
    [true, {}, true],
    [true, { reused: true }, true],
    [true, { received: true }, false],
    [false, {}, false],
    [false, { connected: false }, true],
  ];
  for (const [repeatable, connection, retryable] of attempts) {
    const { request, transports, failures } = await started(repeatable);
    Object.assign(transports[0]!, connection);
    request.gone(new Error('it ended'));
    if (retryable) await eventually(() => transports.length === 2);
    assert.deepEqual(
      failures,
      retryable ? [] : [{ kind: 'gone', cause: 'it ended' }],
      JSON.stringify({ repeatable, connection }),
    );
    request.left();
  }
});

test("while a retry waits for an instance, the project's limit does not run", async () => {
  const { request, state, transports, failures } = await started();
  let start = (): void => undefined;
  functions.starting = () => new Promise((resolve) => (start = resolve));
  request.gone(new Error('it ended'));
  assert.equal(state.deadlineMs, undefined);
  await eventually(() => functions.acquired > 0);
  start();
  functions.starting = () => Promise.resolve();
  await eventually(() => transports.length === 2);
  assert.deepEqual([state.deadlineMs, failures], [LIMIT_MS, []]);
  request.left();
});
