import { z } from 'zod';
import { projectId, projectRef, teamId, timestamp, tokenId } from './primitive.ts';

/** `admin` may do everything; `deploy` may push, deploy and read; `read` may only read. */
export const tokenScope = z.enum(['admin', 'deploy', 'read']);
export type TokenScope = z.infer<typeof tokenScope>;

export const tokenSchema = z
  .object({
    id: tokenId,
    name: z.string(),
    scope: tokenScope,
    projectId: projectId.optional().meta({ description: 'With it, the token works only there.' }),
    teamId: teamId.optional().meta({ description: 'With it, the token works only for the projects of this team.' }),
    expiresAt: timestamp.optional(),
    lastUsedAt: timestamp.optional(),
    createdAt: timestamp,
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof tokenSchema>;

export const tokenInputSchema = z
  .strictObject({
    name: z.string().min(1).max(80),
    scope: tokenScope,
    project: projectRef.optional().meta({ description: 'Bind it to one project.' }),
    expiresInDays: z.number().positive().max(3660).optional().meta({ description: 'It does not expire when absent.' }),
  })
  .meta({ id: 'TokenInput' });
export type TokenInput = z.infer<typeof tokenInputSchema>;

export const createdTokenSchema = z
  .object({ token: tokenSchema, value: z.string().meta({ description: 'The token itself, shown only now.' }) })
  .meta({ id: 'CreatedToken' });
export type CreatedToken = z.infer<typeof createdTokenSchema>;
