import type { Ports } from '../ports/ports.ts';
import { DEFAULT_TEAM } from './team.ts';

/** Creates the default team where there is none yet. */
export async function ensureDefaultTeam({ teams, clock }: Pick<Ports, 'teams' | 'clock'>): Promise<void> {
  if ((await teams.get(DEFAULT_TEAM)) === undefined)
    await teams.insert({ id: DEFAULT_TEAM, name: 'default', members: [], createdAt: clock.now(), version: 1 });
}
