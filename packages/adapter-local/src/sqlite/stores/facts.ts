import type { FactStore } from '@anchor/core/ports/facts.ts';
import type { Database } from '../database.ts';

export function factStore(db: Database): FactStore {
  return {
    get: async (key) => {
      const value = db.get('SELECT value FROM facts WHERE key = ?', key)?.['value'];
      return value === undefined ? undefined : String(value);
    },
    set: (key, value) =>
      db.write(() => void db.run('INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)', key, value)),
  };
}
