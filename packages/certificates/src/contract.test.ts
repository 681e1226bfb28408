import { systemClock } from '@anchor/core/ports/clock.ts';
import { certificatesContract } from '@anchor/testing/contracts/certificates.ts';
import { recordsOf, withPebble, World } from './fixtures/world.ts';

const world = (await World.start({ retryAfterSeconds: 0 }))!;

certificatesContract(
  'certificates by ACME',
  async () => {
    let hasProvider = true;
    const records = recordsOf(world.dns);
    const dns = {
      ...records,
      zoneOf: (name: string) => (hasProvider ? records.zoneOf(name) : undefined),
      zones: () => (hasProvider ? records.zones() : []),
    };
    const { certificates } = await world.open({ dns });
    return {
      subject: certificates,
      now: () => systemClock.now(),
      settle: async () => void (await certificates.tick()),
      setProvider: (present) => {
        hasProvider = present;
      },
      end: () => certificates.close(),
    };
  },
  withPebble,
);
