import { z } from 'zod';
import { environmentName, projectId, timestamp } from './primitive.ts';

/** A domain as a user writes it; the server parses IDN, upper case and a trailing dot. */
export const domainName = z
  .string()
  .min(1)
  .max(300)
  .meta({ description: 'A domain such as example.com, www.example.com or *.example.com.' });

export const domainState = z.enum([
  'pending',
  'unverified',
  'dns_wrong',
  'issuing',
  'active',
  'renewing',
  'failed',
  'expired',
]);
export type DomainState = z.infer<typeof domainState>;

export const domainStepSchema = z
  .object({
    text: z.string().meta({ description: 'One imperative sentence.' }),
    record: z
      .object({
        type: z.enum(['A', 'AAAA', 'CNAME', 'CAA', 'TXT']),
        name: z.string(),
        value: z.string().meta({ description: 'The value to set; empty for a record to remove.' }),
        now: z.array(z.string()).meta({ description: 'What is set at present.' }),
      })
      .optional()
      .meta({ description: 'The record to set at the DNS provider.' }),
  })
  .meta({ id: 'DomainStep' });
export type DomainStep = z.infer<typeof domainStepSchema>;

export const domainSchema = z
  .object({
    name: z.string().meta({ description: 'In lower case, IDN as punycode.' }),
    projectId,
    target: z.union([
      z.object({ kind: z.literal('environment'), environment: environmentName }),
      z.object({ kind: z.literal('redirect'), to: z.string() }),
    ]),
    status: z.enum(['pending', 'active', 'failed']).meta({ description: 'The state in short.' }),
    state: domainState,
    reason: z.string().meta({ description: 'Why it is in this state.' }),
    since: timestamp,
    nextCheckAt: timestamp.optional(),
    steps: z.array(domainStepSchema).meta({ description: 'What to do now; empty when there is nothing to do.' }),
    resolvesTo: z
      .object({
        at: timestamp,
        a: z.array(z.string()),
        aaaa: z.array(z.string()),
        cname: z.array(z.string()),
        cdn: z.string().optional(),
      })
      .optional(),
    certificate: z
      .object({
        id: z.string(),
        issuer: z.string(),
        notAfter: timestamp,
        renewAt: timestamp.optional(),
        renewals: z.int(),
      })
      .optional(),
    url: z.string(),
    events: z
      .array(z.object({ at: timestamp, state: z.string(), reason: z.string() }))
      .meta({ description: 'Changes of the state, the oldest first; at most 100.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Domain' });
export type Domain = z.infer<typeof domainSchema>;

export const domainInputSchema = z
  .strictObject({
    name: domainName,
    environment: environmentName
      .optional()
      .meta({ description: 'The environment that it serves; production when absent.' }),
    redirectTo: domainName.optional().meta({ description: 'Redirect to this domain of the project with 308 instead.' }),
  })
  .meta({ id: 'DomainInput' });

export const addedDomainSchema = z
  .object({
    domain: domainSchema,
    suggested: z
      .string()
      .optional()
      .meta({ description: 'www. of an apex, or the apex of www., when the project does not have it.' }),
  })
  .meta({ id: 'AddedDomain' });
export type AddedDomain = z.infer<typeof addedDomainSchema>;
