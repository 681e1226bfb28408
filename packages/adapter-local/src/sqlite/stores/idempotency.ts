import { IDEMPOTENCY_TTL_MS, CLAIM_TIMEOUT_MS, type IdempotencyStore } from '@anchor/core/ports/stores.ts';
import type { Database } from '../database.ts';

const CLAIM = `INSERT INTO idempotency (key, fingerprint, response, claimed_at) VALUES (?, ?, NULL, ?)
  ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, response = NULL, claimed_at = excluded.claimed_at
  WHERE idempotency.claimed_at < ? OR (idempotency.response IS NULL AND idempotency.claimed_at < ?)`;

export function idempotencyStore(db: Database): IdempotencyStore {
  return {
    claim: (key, fingerprint, now) =>
      db.write(() => {
        if (db.run(CLAIM, key, fingerprint, now, now - IDEMPOTENCY_TTL_MS, now - CLAIM_TIMEOUT_MS) === 1)
          return { state: 'new' };
        const row = db.get('SELECT fingerprint, response FROM idempotency WHERE key = ?', key);
        const first = String(row?.['fingerprint']);
        return typeof row?.['response'] === 'string'
          ? { state: 'done', fingerprint: first, response: row['response'] }
          : { state: 'pending', fingerprint: first };
      }),
    finish: (key, response) =>
      db.write(() => void db.run('UPDATE idempotency SET response = ? WHERE key = ?', response, key)),
    release: (key) => db.write(() => void db.run('DELETE FROM idempotency WHERE key = ? AND response IS NULL', key)),
    expire: (before) => db.write(() => void db.run('DELETE FROM idempotency WHERE claimed_at < ?', before)),
  };
}
