import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@anchor/core/names/id.ts';
import { functionHostContract } from '../contracts/function-host.ts';
import { createMemoryFunctionHost, type MemoryFunction } from './function-host.ts';

const hello: MemoryFunction = {
  listener: () => (request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end('slow'), 500);
    else response.end('hello');
  },
};
const broken: MemoryFunction = {
  listener: () => () => undefined,
  start: () => Promise.reject(new Error('exit code 3')),
};

functionHostContract('in memory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  const ids = { healthy: newId('dpl', Date.now()), broken: newId('dpl', Date.now()) };
  const host = createMemoryFunctionHost({
    directory,
    functions: new Map([
      [ids.healthy, hello],
      [ids.broken, broken],
    ]),
    leaseMs: 300,
    timeoutMs: 7_000,
    graceMs: 100,
    idleMs: 400,
    concurrency: 2,
    maxInstances: 3,
  });
  return {
    ...ids,
    host,
    running: async () => host.running(ids.healthy),
    close: async () => {
      await host.close();
      await rm(directory, { recursive: true });
    },
  };
});
