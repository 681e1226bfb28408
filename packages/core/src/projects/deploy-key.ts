import { fail, ok, type Result } from '../result/result.ts';

/** A private SSH key as ssh reads it from a file; never shown. */
const BEGIN = /^-----BEGIN (?:OPENSSH |RSA |EC |DSA )?PRIVATE KEY-----$/;
const MAX_CHARS = 16_384;
const MAKE =
  'Make one without a passphrase: ssh-keygen -t ed25519 -N "" -f deploy-key, give deploy-key.pub to the git host, and the file deploy-key to anchor projects update --deploy-key-file deploy-key.';

/** Returns whether stored credentials are a deploy key rather than user:password. */
export const isDeployKey = (credentials: string): boolean => credentials.startsWith('-----BEGIN ');

/** Parses a private key without a passphrase, in OpenSSH's format or PEM; line ends are made ssh's own. */
export function parseDeployKey(text: string): Result<string> {
  const refuse = (why: string) => fail('invalid_input', 'This deploy key cannot be used', MAKE, why);
  if (text.length > MAX_CHARS) return refuse('It is longer than 16,384 characters.');
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trim());
  if (/^(?:ssh-|ecdsa-|sk-)\S+ AAAA/.test(lines[0] ?? ''))
    return refuse('It is the public key; ssh needs the private one.');
  if (!BEGIN.test(lines[0] ?? '') || lines.at(-1) !== (lines[0] ?? '').replace('BEGIN', 'END'))
    return refuse('It is not a private key in OpenSSH or PEM format.');
  if (lines.some((line) => /^Proc-Type:.*ENCRYPTED/.test(line)) || isEncrypted(lines))
    return refuse('It has a passphrase, which the platform cannot enter.');
  if (lines.slice(1, -1).some((line) => !/^[A-Za-z0-9+/=]{0,128}$/.test(line)))
    return refuse('It has lines that are not part of a private key.');
  return ok(`${lines.join('\n')}\n`);
}

/** Returns whether the key is encrypted. The first fields of OpenSSH's format name the cipher of the rest. */
function isEncrypted(lines: readonly string[]): boolean {
  if (lines[0] !== '-----BEGIN OPENSSH PRIVATE KEY-----') return false;
  try {
    return !atob((lines[1] ?? '').slice(0, 64)).startsWith('openssh-key-v1\0\0\0\0\u0004none');
  } catch {
    return false;
  }
}
