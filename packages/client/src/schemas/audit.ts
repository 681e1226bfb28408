import { z } from 'zod';
import { projectId, timestamp } from './primitive.ts';

const fields = z.record(z.string(), z.unknown());

/** One change: its author, the endpoint, what the path named, and the outcome. Never a secret. */
export const auditEntrySchema = z
  .object({
    id: z.string(),
    at: timestamp,
    actor: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('token'), id: z.string(), name: z.string() }),
      z.object({ kind: z.literal('person'), id: z.string(), name: z.string() }).meta({ description: 'By e-mail.' }),
      z.object({ kind: z.literal('anonymous') }),
    ]),
    action: z.string().meta({ description: 'Name of the endpoint, such as projects.update; git.push for a push.' }),
    target: z.record(z.string(), z.string()).meta({ description: 'What the path named.' }),
    projectId: projectId.optional(),
    teamId: z.string().optional(),
    outcome: z.enum(['started', 'success', 'refused', 'failed']).meta({
      description: 'started: it runs, or the platform was killed meanwhile; refused: nothing was changed.',
    }),
    code: z.string().optional().meta({ description: 'Why it was refused or failed: the code of its problem.' }),
    before: fields.optional().meta({ description: 'The fields that changed, as they were. Of variables the names.' }),
    after: fields.optional(),
    address: z.string(),
    userAgent: z.string(),
    requestId: z.string(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof auditEntrySchema>;
