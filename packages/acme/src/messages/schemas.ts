import { z } from 'zod';
import { identifierSchema } from './identifier.ts';
import { problemSchema } from './problem.ts';

/** Every URL of a CA. Plain HTTP is refused (RFC 8555, section 6.1). */
const url = z.url({ protocol: /^https$/ }).max(2000);
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** The directory (RFC 8555, section 7.1.1), with `renewalInfo` of RFC 9773 and the profiles of its draft. */
export const directorySchema = z.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  renewalInfo: url.optional(),
  meta: z
    .object({
      termsOfService: z.string().max(2000).optional(),
      caaIdentities: z.array(z.string().max(300)).max(50).optional(),
      externalAccountRequired: z.boolean().optional(),
      profiles: z.record(z.string().max(100), z.string().max(4000)).optional(),
    })
    .default({}),
});
export type Directory = Readonly<z.infer<typeof directorySchema>>;

/** An account. `orders` is there only for some CAs; Let's Encrypt has none. */
export const accountSchema = z.object({ status: z.enum(['valid', 'deactivated', 'revoked']), orders: url.optional() });
export type AccountState = Readonly<z.infer<typeof accountSchema>>;

export const orderListSchema = z.object({ orders: z.array(url).max(10_000) });

/** An order (RFC 8555, section 7.1.3). Times are in milliseconds since the epoch. */
export const orderSchema = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  expires: time.optional(),
  identifiers: z.array(identifierSchema).min(1).max(1000),
  authorizations: z.array(url).max(1000),
  finalize: url,
  certificate: url.optional(),
  error: problemSchema.optional(),
});
export type OrderState = Readonly<z.infer<typeof orderSchema>>;

export const challengeSchema = z.object({
  type: z.string().max(100),
  url,
  status: z.enum(['pending', 'processing', 'valid', 'invalid']),
  // base64url, and never the path of anything else: it becomes part of a URL and of file names
  token: z
    .string()
    .regex(/^[\w-]{1,500}$/)
    .optional(),
  'issuer-domain-names': z.array(z.string().max(253)).max(50).optional(),
  error: problemSchema.optional(),
});
export type Challenge = Readonly<z.infer<typeof challengeSchema>>;

/** An authorization (RFC 8555, section 7.1.4). A challenge of an unknown shape is left out. */
export const authorizationSchema = z.object({
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier: identifierSchema,
  expires: time.optional(),
  wildcard: z.boolean().optional(),
  challenges: z
    .array(z.unknown())
    .max(100)
    .transform((list) => list.flatMap((each) => challengeSchema.safeParse(each).data ?? [])),
});
export type Authorization = Readonly<z.infer<typeof authorizationSchema>>;

/** The window in which a CA wants a certificate renewed (RFC 9773, section 4.2). */
export const renewalInfoSchema = z.object({
  suggestedWindow: z
    .object({ start: time, end: time })
    .refine(({ start, end }) => start < end, 'ends before it starts'),
  explanationURL: z.string().max(2000).optional(),
});
export type RenewalInfo = Readonly<z.infer<typeof renewalInfoSchema>>;
