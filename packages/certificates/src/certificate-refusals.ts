import { fail, type Result } from '@anchor/core/result/result.ts';

export const MAX_NAMES = 100;

export const noAuthority = (name: string): Result<void> =>
  fail(
    'unsupported',
    `No CA is configured to issue a certificate for ${name}`,
    'Start the platform with --acme-email and its --https-port, or upload a certificate.',
  );

export const noLocalAuthority = (name: string): Result<void> =>
  fail('unsupported', `No public CA issues certificates for ${name}`, 'Start the platform with --local-ca.');

export const unprovable = (name: string): Result<void> =>
  fail(
    'unsupported',
    name.startsWith('*.') ? `The wildcard ${name} needs a DNS provider` : `Nothing here can prove ${name} to a CA`,
    'Start the platform with --dns-providers FILE, or upload a certificate.',
    name.startsWith('*.') ? 'CAs verify a wildcard by a DNS record alone.' : undefined,
  );

export const wrongNumber = (count: number): Result<void> =>
  fail('invalid_input', `A certificate has 1 to ${MAX_NAMES} names, not ${count}`, 'Request several certificates.');

export const mixed = (names: readonly string[]): Result<void> =>
  fail(
    'unsupported',
    `No CA issues one certificate for ${names.join(', ')}`,
    'Request a certificate for the names below localhost of their own.',
  );
