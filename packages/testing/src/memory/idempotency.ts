import { IDEMPOTENCY_TTL_MS, CLAIM_TIMEOUT_MS, type IdempotencyStore } from '@anchor/core/ports/stores.ts';

export function idempotencyStore(): IdempotencyStore {
  const records = new Map<string, { fingerprint: string; claimedAt: number; response?: string }>();
  return {
    claim: async (key, fingerprint, now) => {
      const first = records.get(key);
      const over =
        first === undefined ||
        first.claimedAt < now - IDEMPOTENCY_TTL_MS ||
        (first.response === undefined && first.claimedAt < now - CLAIM_TIMEOUT_MS);
      if (over) {
        records.set(key, { fingerprint, claimedAt: now });
        return { state: 'new' };
      }
      return first.response === undefined
        ? { state: 'pending', fingerprint: first.fingerprint }
        : { state: 'done', fingerprint: first.fingerprint, response: first.response };
    },
    finish: async (key, response) => {
      const record = records.get(key);
      if (record !== undefined) record.response = response;
    },
    release: async (key) => {
      if (records.get(key)?.response === undefined) records.delete(key);
    },
    expire: async (before) => {
      for (const [key, record] of records) if (record.claimedAt < before) records.delete(key);
    },
  };
}
