import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { AuthoritySettings } from '@anchor/certificates/authorities/authority.ts';
import { describeIssue } from '@anchor/core/result/issue.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Settings } from './settings.ts';

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';

type ExternalAccount = NonNullable<AuthoritySettings['externalAccount']>;
const externalAccountSchema = z.strictObject({
  keyId: z.string().min(1),
  hmacKey: z.string().regex(/^[\w+/-]+={0,2}$/, 'must be base64url, as the CA prints it'),
});

/**
 * Returns the CAs that certificates are ordered from. Without an address for the CA's mail, or a CA of one's own, no
 * terms were agreed to, and there is none. The external account is that of the first one.
 */
export async function acmeAuthorities(
  settings: Pick<Settings, 'acmeDirectories' | 'acmeEmail' | 'acmeEab' | 'acmeProfile' | 'httpsPort'>,
): Promise<Result<readonly AuthoritySettings[]>> {
  const { acmeDirectories, acmeEmail: email, acmeEab, acmeProfile: profile, httpsPort } = settings;
  if (httpsPort === undefined) return ok([]);
  if (acmeEab !== undefined && acmeDirectories.length === 0) return noCustomerCa;
  const external = acmeEab === undefined ? ok(undefined) : await readExternalAccount(acmeEab);
  if (!external.ok) return external;
  const urls = acmeDirectories.length > 0 || email === undefined ? acmeDirectories : [LETS_ENCRYPT];
  return ok(
    urls.map((directoryUrl, i) => ({
      name: nameOf(directoryUrl, urls.slice(0, i)),
      directoryUrl,
      email,
      profile,
      externalAccount: i === 0 ? external.value : undefined,
    })),
  );
}

/** Returns the name of a CA in messages and records: its host, and the whole address where an earlier one has the host. */
function nameOf(directoryUrl: string, earlier: readonly string[]): string {
  if (directoryUrl === LETS_ENCRYPT) return "Let's Encrypt";
  const { hostname } = new URL(directoryUrl);
  return earlier.some((other) => new URL(other).hostname === hostname) ? directoryUrl : hostname;
}

/** Reads the account that the CA gave its customer. No error has any part of the file. */
async function readExternalAccount(file: string): Promise<Result<ExternalAccount>> {
  let text: string;
  try {
    const handle = await open(file);
    try {
      const { mode } = await handle.stat();
      if ((mode & 0o077) !== 0)
        return fail(
          'forbidden',
          `The file ${file} of --acme-eab may be read by other users (mode ${(mode & 0o777).toString(8)})`,
          `Run: chmod 600 ${file}`,
        );
      text = await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    return invalid(file, error instanceof Error ? error.message : String(error));
  }
  const parsed = externalAccountSchema.safeParse(jsonOf(text));
  return parsed.success ? ok(parsed.data) : invalid(file, describeIssue(parsed.error.issues[0]));
}

/** Returns undefined for other texts: the error of `JSON.parse` would quote them. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const noCustomerCa = fail(
  'invalid_input',
  "--acme-eab has no CA: Let's Encrypt gives its users no external account",
  'Name the CA that gave it with --acme-directory URL, then restart the platform.',
);

const invalid = (file: string, cause: string | undefined) =>
  fail(
    'invalid_input',
    `The file ${file} of --acme-eab has no external account`,
    'Write {"keyId": "…", "hmacKey": "…"} to it with the values of the CA, then restart the platform.',
    cause,
  );
