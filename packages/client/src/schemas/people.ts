import { z } from 'zod';
import { invitationId, personId, projectId, sessionId, teamId, timestamp } from './primitive.ts';
import { tokenSchema } from './token.ts';

/** From the largest to the smallest: each may do what the smaller ones may. */
export const roleSchema = z.enum(['owner', 'admin', 'developer', 'viewer']).meta({ id: 'Role' });
export type Role = z.infer<typeof roleSchema>;

const email = z.string().min(3).max(254);
const password = z.string().min(1).max(1_000);
const personName = z.string().min(1).max(80);
const projectRoles = z
  .record(projectId, roleSchema)
  .meta({ description: 'Roles for single projects, by project id; there they win over the role for the team.' });

export const personSchema = z
  .object({
    id: personId,
    email: z.string(),
    name: z.string(),
    suspendedAt: timestamp.optional().meta({ description: 'Signs in no more since then.' }),
    createdAt: timestamp,
  })
  .meta({ id: 'Person' });
export type Person = z.infer<typeof personSchema>;

export const sessionSchema = z
  .object({
    id: sessionId,
    kind: z.enum(['browser', 'token']).meta({ description: 'token: of the command line or another program.' }),
    current: z.boolean().meta({ description: 'The session of this request.' }),
    createdAt: timestamp,
    lastUsedAt: timestamp,
    expiresAt: timestamp,
    address: z.string(),
    userAgent: z.string(),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof sessionSchema>;

export const memberSchema = z
  .object({
    personId,
    email: z.string(),
    name: z.string(),
    suspendedAt: timestamp.optional(),
    role: roleSchema.optional().meta({ description: 'For all projects of the team; absent: only those below.' }),
    projects: projectRoles,
    since: timestamp,
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof memberSchema>;

export const teamSchema = z
  .object({ id: teamId, name: z.string(), createdAt: timestamp, version: z.int() })
  .meta({ id: 'Team' });
export type Team = z.infer<typeof teamSchema>;

export const teamWithMembersSchema = z
  .object({ ...teamSchema.shape, members: z.array(memberSchema) })
  .meta({ id: 'TeamWithMembers' });
export type TeamWithMembers = z.infer<typeof teamWithMembersSchema>;

export const invitationSchema = z
  .object({
    id: invitationId,
    teamId,
    email: z.string().optional(),
    role: roleSchema.optional(),
    projects: projectRoles,
    invitedBy: personId.optional(),
    expiresAt: timestamp,
    usedAt: timestamp.optional(),
    createdAt: timestamp,
  })
  .meta({ id: 'Invitation' });
export type Invitation = z.infer<typeof invitationSchema>;

export const createdInvitationSchema = z
  .object({
    invitation: invitationSchema,
    secret: z.string().meta({ description: 'What the person enters with anchor join. Shown only now, used once.' }),
  })
  .meta({ id: 'CreatedInvitation' });
export type CreatedInvitation = z.infer<typeof createdInvitationSchema>;

/** The caller of a request: the token, or the person with its teams. */
export const callerSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('token'), token: tokenSchema }),
    z.object({
      kind: z.literal('person'),
      person: personSchema,
      session: sessionSchema,
      teams: z.array(z.object({ id: teamId, name: z.string(), role: roleSchema.optional(), projects: projectRoles })),
    }),
  ])
  .meta({ id: 'Caller' });
export type Caller = z.infer<typeof callerSchema>;

const sessionKind = z.enum(['browser', 'token']).optional().meta({
  description: 'browser, or when absent: the session is set as a cookie. token: it is in the response.',
});
export const signInSchema = z.strictObject({ email, password, kind: sessionKind }).meta({ id: 'SignIn' });
export const acceptanceSchema = z
  .strictObject({
    secret: z.string().min(1).max(100),
    email,
    name: personName.optional(),
    password: password.meta({ description: 'A new one; for an address that has an account, the password of it.' }),
    kind: sessionKind,
  })
  .meta({ id: 'Acceptance' });
export const signedInSchema = z
  .object({
    person: personSchema,
    session: sessionSchema,
    token: z.string().optional().meta({ description: 'Of a session of kind token: send it as a bearer token.' }),
  })
  .meta({ id: 'SignedIn' });
export type SignedIn = z.infer<typeof signedInSchema>;

export const grantSchema = z
  .strictObject({ role: roleSchema.optional(), projects: projectRoles.optional() })
  .meta({ id: 'Grant' });
export const invitationInputSchema = z.strictObject({ email, ...grantSchema.shape }).meta({ id: 'InvitationInput' });
export const teamInputSchema = z.strictObject({ name: z.string().min(1).max(40) }).meta({ id: 'TeamInput' });
export const passwordChangeSchema = z.strictObject({ current: password, password }).meta({ id: 'PasswordChange' });
