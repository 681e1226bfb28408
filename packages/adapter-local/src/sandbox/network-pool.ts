import { ok, type Result } from '@anchor/core/result/result.ts';
import { ensureFirewall } from './firewall.ts';
import { forwardPackets, makeNetworks, type Network } from './network.ts';

/** How often the packet rules are looked at while a pool is kept: another program may have flushed them. */
const CHECK_MS = 30_000;

/** Networks that are ready before anybody asks: making one takes longer than starting a program. */
export type NetworkPool = Readonly<{
  take(): Promise<Result<Network>>;
  /** From now on keeps `size` networks ready and the packet rules in place; resolves when they are. */
  warm(size: number): Promise<Result<void>>;
  close(): Promise<void>;
}>;

export const createNetworkPool = (instance: string, servers: () => readonly string[]): NetworkPool => {
  const ready: Network[] = [];
  /** How many to keep ready; 0 after `close`. */
  let size = 0;
  let watch: NodeJS.Timeout | undefined;
  let filling: Promise<Result<void>> | undefined;

  const fill = async (): Promise<Result<void>> => {
    for (;;) {
      const missing = size - ready.length;
      if (missing <= 0) return ok(undefined);
      const made = await makeNetworks(instance, servers(), missing);
      if (!made.ok) return made;
      ready.push(...made.value);
    }
  };
  const refill = (): Promise<Result<void>> => {
    filling ??= fill().finally(() => (filling = undefined));
    return filling;
  };
  return {
    async take() {
      const network = ready.shift();
      // A failure to refill shows when the next one is asked for.
      if (network !== undefined || size > 0) setImmediate(() => void refill());
      if (network !== undefined) return ok(network);
      const made = await makeNetworks(instance, servers(), 1);
      const [first] = made.ok ? made.value : [];
      return first === undefined ? (made as Result<never>) : ok(first);
    },
    warm: (count) => {
      size = count;
      watch ??= setInterval(() => {
        forwardPackets();
        void ensureFirewall(servers(), []);
      }, CHECK_MS).unref();
      return refill();
    },
    async close() {
      clearInterval(watch);
      watch = undefined;
      size = 0;
      await filling;
      await Promise.all(ready.splice(0).map((network) => network.close()));
    },
  };
};
