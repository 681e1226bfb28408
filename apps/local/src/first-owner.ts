import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inviteFirstOwner } from '@anchor/core/people/invite.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { randomText, sha256Hex } from '@anchor/core/tokens/tokens.ts';

const file = (data: string): string => join(data, 'first-owner');

/** Returns the invitation of the first owner, while there is none: a reader of the file has the data anyway. */
export const readFirstOwnerInvitation = (data: string): string | undefined =>
  existsSync(file(data)) ? readFileSync(file(data), 'utf8').trim() : undefined;

/** Writes the invitation at the first start, a new one when it has expired, and removes the file once it was used. */
export async function keepFirstOwnerInvitation(
  ports: Pick<Ports, 'invitations' | 'clock' | 'facts' | 'teams'>,
  data: string,
): Promise<void> {
  const invited = await inviteFirstOwner(ports)(readFirstOwnerInvitation(data));
  if (invited === undefined) rmSync(file(data), { force: true });
  else if (invited !== 'open') writeFileSync(file(data), `${invited.secret}\n`, { mode: 0o600 });
}

const PLATFORM_ID = 'platform-id';

/** Returns 8 hex digits that tell this platform from others on the same host. */
export async function platformId({ facts }: Pick<Ports, 'facts'>): Promise<string> {
  const known = await facts.get(PLATFORM_ID);
  if (known !== undefined) return known;
  const id = (await sha256Hex(randomText(43))).slice(0, 8);
  await facts.set(PLATFORM_ID, id);
  return id;
}
