import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { requestedPort, retainedOptions } from './listen-arguments.ts';

/**
 * Returns how Node itself interprets the arguments, without listening: it parses them, and is stopped where it would
 * bind.
 */
function nodeSays(args: readonly unknown[]): number | 'other' {
  const server = createServer();
  let bound: number | 'other' = 'other';
  const internal = server as unknown as { _listen2: (address: unknown, port: unknown, type: unknown) => void };
  internal._listen2 = (_address, port, type) => {
    bound = type === -1 ? 'other' : Number(port) | 0;
  };
  try {
    server.listen(...(args as []));
  } catch {
    return 'other';
  } finally {
    server.removeAllListeners();
    server.close(() => undefined);
  }
  return bound;
}

test('ports are read as Node reads them, in every form', () => {
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      3000,
      '3000',
      ' 3000 ',
      '0xbb8',
      '3e3',
      0,
      '0',
      -1,
      70_000,
      3.5,
      '',
      ' ',
      'pipe',
      '/tmp/x.sock',
      null,
      undefined,
      false,
      true,
      Number.NaN,
    ),
    fc.integer({ min: 0, max: 65_535 }),
  );
  const object = fc.record(
    {
      port: value,
      path: fc.constantFrom<unknown>(false, null, '', undefined),
      backlog: fc.constantFrom<unknown>(undefined, 10),
      exclusive: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.tuple(value), fc.tuple(value, fc.constantFrom<unknown>(64, undefined)), fc.tuple(object), fc.tuple()),
      (args) => {
        // Booleans as first argument are refused by Node in every version.
        assert.equal(requestedPort(args) ?? 'other', nodeSays(args), JSON.stringify(args));
      },
    ),
    { numRuns: 500 },
  );
});

test('handles and file descriptors name no port', () => {
  assert.equal(requestedPort([{ fd: 3 }]), undefined);
  assert.equal(requestedPort([{ _handle: {} }]), undefined);
  assert.equal(requestedPort([{ fd: 3, port: 3000 }]), undefined);
});

test('a backlog and a signal are preserved', () => {
  const { signal } = new AbortController();
  assert.deepEqual(retainedOptions([{ port: 1, backlog: 9, signal, host: 'x' }]), { backlog: 9, signal });
  assert.deepEqual(retainedOptions([3000, 'localhost', 64, () => undefined]), { backlog: 64 });
  assert.deepEqual(retainedOptions([3000, 64]), { backlog: 64 });
  assert.deepEqual(retainedOptions([3000]), {});
});
