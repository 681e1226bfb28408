import type { Ports } from '@anchor/core/ports/ports.ts';
import { fail } from '@anchor/core/result/result.ts';

const missing = () => fail('unsupported', 'This installation has no domains', 'Start it with --https-port.');

/** Adapters for an installation without domains. */
export const noDomains: Pick<Ports, 'dns' | 'certificates' | 'served'> = {
  dns: {
    inspect: async ({ name }) => ({
      name,
      at: Date.now(),
      servers: [],
      exists: false,
      a: [],
      aaaa: [],
      cname: [],
      ownership: [],
      addresses: [],
      faults: [],
    }),
  },
  certificates: {
    authorities: () => [],
    canIssue: missing,
    request: async () => missing(),
    statusOf: async () => ({}),
    list: async () => [],
    upload: async () => missing(),
    inspect: async () => missing(),
    renew: async () => missing(),
    remove: async () => undefined,
    tick: async () => Date.now() + 60_000,
  },
  served: {
    published: async () => [],
    publish: async () => undefined,
    withdraw: async () => undefined,
    publishChallenge: async () => undefined,
    withdrawChallenge: async () => undefined,
    setDomains: async () => undefined,
  },
};
