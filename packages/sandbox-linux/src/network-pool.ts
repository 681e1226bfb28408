import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { ensureFirewall } from './firewall.ts';
import { forwardPackets, makeNetworks, type Network } from './network.ts';

/** Interval (ms) at which the packet rules are checked while a pool exists: another program may have flushed them. */
const CHECK_MS = 30_000;
/** How long a taken network is not replaced while others are ready. */
const PAUSE_MS = 500;

/** Networks prepared in advance: creating one takes longer than starting a program. */
export type NetworkPool = Readonly<{
  take(): Promise<Result<Network>>;
  /** Keeps `size` networks ready from now on, and the packet rules in place; resolves when they are. */
  warm(size: number): Promise<Result<void>>;
  close(): Promise<void>;
}>;

export const createNetworkPool = (instance: string, servers: () => readonly string[]): NetworkPool => {
  const ready: Network[] = [];
  /** How many to keep ready; 0 after `close`. */
  let size = 0;
  let later: NodeJS.Timeout | undefined;
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
  const refillLater = (): void => {
    later = undefined;
    void refill();
  };
  return {
    async take() {
      const network = ready.shift();
      // Not at once: the caller is about to start a program for a waiting request. A failure shows at the next call.
      if (size > 0) later ??= setTimeout(refillLater, ready.length > 0 ? PAUSE_MS : 0).unref();
      if (network !== undefined) return ok(network);
      const made = await makeNetworks(instance, servers(), 1);
      if (!made.ok) return made;
      const [first] = made.value;
      return first === undefined ? fail('internal', 'No network was made', 'Report this.') : ok(first);
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
      clearTimeout(later);
      size = 0;
      await filling;
      await Promise.all(ready.splice(0).map((network) => network.close()));
    },
  };
};
