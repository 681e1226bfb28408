import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost, Upstream } from '@anchor/core/ports/function-host.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

/** A function as a plain request listener; `start` may reject: the function that cannot start. */
export type MemoryFunction = Readonly<{ listener: (instance: string) => RequestListener; start?: () => Promise<void> }>;
export type MemoryHostOptions = Readonly<{
  /** The directory of the sockets; the caller removes it. */
  directory: string;
  functions: ReadonlyMap<DeploymentId, MemoryFunction>;
  leaseMs?: number;
  timeoutMs?: number;
  graceMs?: number;
  idleMs?: number;
  concurrency?: number;
  maxInstances?: number;
}>;
export type MemoryFunctionHost = FunctionHost &
  Readonly<{ running(deploymentId: DeploymentId): number; close(): Promise<void> }>;

type Running = { upstream: Upstream; leasedUntil: number; close(): Promise<void> };
type State = {
  running: Running[];
  starting: Promise<Running> | undefined;
  lastUsed: number;
  inflight: number;
  known: string;
};

/** Creates a function host in this process: real HTTP servers on unix sockets, no sandbox. One caller only. */
export function createMemoryFunctionHost(options: MemoryHostOptions): MemoryFunctionHost {
  const {
    directory,
    functions,
    leaseMs = 5_000,
    timeoutMs = 60_000,
    graceMs = 100,
    idleMs = 300_000,
    concurrency = 50,
    maxInstances = 4,
  } = options;
  const states = new Map<DeploymentId, State>();
  let instances = 0;

  const stateOf = (id: DeploymentId): State => {
    const state = states.get(id) ?? { running: [], starting: undefined, lastUsed: 0, inflight: 0, known: '' };
    states.set(id, state);
    return state;
  };
  const names = (state: State): string => state.running.map(({ upstream }) => upstream.instance).join();

  async function launch(id: DeploymentId, fn: MemoryFunction, state: State): Promise<Running> {
    await fn.start?.();
    const instance = `mem-${process.pid}-${++instances}`;
    const path = join(directory, `${instance}.sock`);
    const server = createServer(fn.listener(instance));
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
    const running: Running = {
      upstream: { kind: 'unix', path, instance },
      leasedUntil: Date.now() + leaseMs,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
        }),
    };
    state.running.push(running);
    watch(id, state);
    return running;
  }

  function start(id: DeploymentId, fn: MemoryFunction, state: State): Promise<Running> {
    state.starting ??= launch(id, fn, state).finally(() => (state.starting = undefined));
    return state.starting;
  }

  function watch(id: DeploymentId, state: State): void {
    const next = Math.max(state.lastUsed + idleMs, ...state.running.map(({ leasedUntil }) => leasedUntil)) - Date.now();
    setTimeout(
      () => {
        if (state.running.length === 0) return;
        if (state.lastUsed + idleMs > Date.now() || state.running.some(({ leasedUntil }) => leasedUntil > Date.now()))
          return watch(id, state);
        void Promise.all(state.running.splice(0).map((running) => running.close()));
      },
      Math.max(5, next),
    ).unref();
  }

  function scaleUp(id: DeploymentId, fn: MemoryFunction, state: State): void {
    const wanted = Math.min(maxInstances, Math.ceil(state.inflight / concurrency));
    if (state.running.length > 0 && state.running.length < wanted)
      void start(id, fn, state).then(
        () => scaleUp(id, fn, state),
        () => undefined,
      );
  }

  const host: MemoryFunctionHost = {
    async acquire(id) {
      const fn = functions.get(id);
      if (fn === undefined) return fail('not_found', `There is no deployment ${id}`, 'It may have been removed.');
      const state = stateOf(id);
      state.lastUsed = Date.now();
      try {
        if (state.running.length === 0) await start(id, fn, state);
      } catch (cause) {
        return fail('function_start_failed', 'The function ended while starting', 'Read the run log.', String(cause));
      }
      state.lastUsed = Date.now();
      for (const running of state.running) running.leasedUntil = state.lastUsed + leaseMs + graceMs;
      scaleUp(id, fn, state);
      state.known = names(state);
      return ok({ upstreams: state.running.map(({ upstream }) => upstream), leaseMs, timeoutMs });
    },
    async touch(use) {
      return [...functions]
        .filter(([id, fn]) => {
          const used = use[id];
          if (used === undefined) return false;
          const state = stateOf(id);
          state.lastUsed = Date.now();
          state.inflight = used.inflight;
          scaleUp(id, fn, state);
          if (state.running.length === 0 || state.known !== names(state)) return true;
          for (const running of state.running) running.leasedUntil = state.lastUsed + leaseMs + graceMs;
          return false;
        })
        .map(([id]) => id);
    },
    async stop(id) {
      const state = stateOf(id);
      await Promise.all(
        state.running.splice(0).map(async (running) => {
          const wait = running.leasedUntil - Date.now();
          if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
          await running.close();
        }),
      );
    },
    running: (id) => stateOf(id).running.length,
    async close() {
      await Promise.all(
        [...states.values()].flatMap((state) => state.running.splice(0).map((running) => running.close())),
      );
    },
  };
  return host;
}
