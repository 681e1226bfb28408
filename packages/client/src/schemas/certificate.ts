import { z } from 'zod';
import { timestamp } from './primitive.ts';

/** A certificate without its key, which no response has. */
export const certificateSchema = z
  .object({
    id: z.string(),
    names: z.array(z.string()),
    origin: z.enum(['acme', 'upload', 'local']),
    issuer: z.string(),
    notBefore: timestamp,
    notAfter: timestamp,
    renewAt: timestamp.optional().meta({ description: 'When it is renewed; absent for uploads.' }),
    renewals: z.int().meta({ description: 'Renewals in a row.' }),
    fingerprint: z.string().meta({ description: 'SHA-256 of the certificate in hex.' }),
    warning: z.string().optional().meta({ description: 'What needs attention, such as an overdue renewal.' }),
  })
  .meta({ id: 'Certificate' });
export type Certificate = z.infer<typeof certificateSchema>;

export const certificateInputSchema = z
  .strictObject({
    chain: z.string().min(1).max(100_000).meta({ description: 'PEM: the certificate, then its intermediates.' }),
    key: z.string().min(1).max(20_000).meta({ description: 'PEM: the private key, unencrypted. Stored encrypted.' }),
  })
  .meta({ id: 'CertificateInput' });
