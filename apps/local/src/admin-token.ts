import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkToken, issueToken } from '@anchor/core/tokens/tokens.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';

const file = (data: string): string => join(data, 'admin-token');

/**
 * Returns the token of the machine's owner, from a file that only the owner can read: a reader of it has the data
 * anyway.
 */
export const readAdminToken = (data: string): string => readFileSync(file(data), 'utf8').trim();

/** Makes it at the first start, and again when it was revoked or its file is gone. */
export async function ensureAdminToken(ports: Pick<Ports, 'tokens' | 'clock'>, data: string): Promise<void> {
  if (existsSync(file(data)) && (await checkToken(ports)(readAdminToken(data))).ok) return;
  const issued = await issueToken(ports)({ name: 'owner of this machine', scope: 'admin' });
  if (!issued.ok) throw new Error(issued.error.message);
  writeFileSync(file(data), `${issued.value.secret}\n`, { mode: 0o600 });
}
