import { openDatabase, type Database } from '@anchor/adapter-local/sqlite/database.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** Opens the database for reading only, waiting while the server makes it at the first start. */
export async function openReadonlyDatabase(file: string, patienceMs = 60_000): Promise<Database> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const opened = openDatabase(file, { readOnly: true });
    if (opened.ok) return opened.value;
    if (performance.now() > deadline) throw new Error(`${opened.error.message}: ${opened.error.cause ?? ''}`);
    await sleep(25);
  }
}
