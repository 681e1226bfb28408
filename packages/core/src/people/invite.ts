import { newId, type InvitationId, type PersonId, type TeamId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { randomText, sha256Hex } from '../tokens/tokens.ts';
import { INVITATION_DAYS, type Invitation } from './invitation.ts';
import type { Grant } from './grant.ts';
import { mayGrant } from './members.ts';
import { parseEmail, type Person } from './person.ts';
import type { Role } from './role.ts';
import { DEFAULT_TEAM, ownersOf } from './team.ts';

type InvitePorts = Pick<Ports, 'invitations' | 'clock'>;
export type Invited = Readonly<{ invitation: Invitation; secret: string }>;

const DAY_MS = 86_400_000;
/** 43 characters of 62: 256 bits. */
const SECRET_CHARS = 43;

/** Invites an address to a team. The caller, whose role is `own`, cannot give more than that. */
export const invite =
  (ports: InvitePorts) =>
  async (
    input: Readonly<{ teamId: TeamId; email: string; grant: Grant; own: Role; by: PersonId | undefined }>,
  ): Promise<Result<Invited>> => {
    const email = parseEmail(input.email);
    if (!email.ok) return email;
    if (input.grant.role === undefined && Object.keys(input.grant.projects).length === 0)
      return fail(
        'invalid_input',
        'An invitation needs a role',
        'Give one: anchor people invite EMAIL --role developer',
      );
    const allowed = mayGrant(input.own, input.grant);
    if (!allowed.ok) return allowed;
    const { teamId, grant, by } = input;
    return issue(ports, { teamId, email: email.value, grant, ...(by === undefined ? {} : { invitedBy: by }) });
  };

/** Lets a person set a new password, once. */
export const inviteToReset =
  (ports: InvitePorts) =>
  async (person: Person, by: PersonId | undefined): Promise<Result<Invited>> =>
    issue(ports, {
      teamId: DEFAULT_TEAM,
      email: person.email,
      personId: person.id,
      grant: { projects: {} },
      ...(by === undefined ? {} : { invitedBy: by }),
    });

/** Key of the fact with the open invitation of the first owner. */
const FIRST_OWNER = 'first-owner';

/**
 * Invites the first owner, while the platform has none; undefined when it has one. `known`: the secret as far as it is
 * known; 'open' when it still works.
 */
export const inviteFirstOwner =
  (ports: Pick<Ports, 'invitations' | 'clock' | 'facts' | 'teams'>) =>
  async (known: string | undefined): Promise<Invited | 'open' | undefined> => {
    const team = await ports.teams.get(DEFAULT_TEAM);
    if (team !== undefined && ownersOf(team).length > 0) return undefined;
    const id = (await ports.facts.get(FIRST_OWNER)) as InvitationId | undefined;
    const open = id === undefined ? undefined : await ports.invitations.get(id);
    const works = open !== undefined && open.usedAt === undefined && open.expiresAt > ports.clock.now();
    if (works && known !== undefined && (await sha256Hex(known)) === open.hash) return 'open';
    if (open !== undefined) await ports.invitations.remove(open.id);
    const issued = await issue(ports, { teamId: DEFAULT_TEAM, grant: { role: 'owner', projects: {} } });
    if (!issued.ok) return undefined;
    await ports.facts.set(FIRST_OWNER, issued.value.invitation.id);
    return issued.value;
  };

async function issue(
  { invitations, clock }: InvitePorts,
  fields: Pick<Invitation, 'teamId' | 'grant'> & Partial<Pick<Invitation, 'email' | 'personId' | 'invitedBy'>>,
): Promise<Result<Invited>> {
  const now = clock.now();
  const secret = `ani_${randomText(SECRET_CHARS)}`;
  const invitation: Invitation = {
    ...fields,
    id: newId('inv', now),
    hash: await sha256Hex(secret),
    expiresAt: now + INVITATION_DAYS * DAY_MS,
    createdAt: now,
    version: 1,
  };
  return (await invitations.insert(invitation))
    ? ok({ invitation, secret })
    : fail('internal', 'The invitation could not be stored', 'Run the command again.');
}
