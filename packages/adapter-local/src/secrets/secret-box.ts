import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { KEY_BYTES, readKeyFile } from './key-file.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Opens a box that seals values as `v1.<key id>.<nonce, ciphertext and tag in base64url>`. It uses AES-256-GCM under a
 * key derived from the master key for this context alone, with version, key id and context authenticated. The key id
 * selects the master key of the file that opens it, so that a new key can be put before the old ones.
 */
export async function openSecretBox(keyFile: string): Promise<Result<SecretBox>> {
  const masters = await readKeyFile(keyFile, 'Restore it from a backup: ./up --restore FILE');
  if (!masters.ok) return masters;
  const [current] = masters.value;
  const byId = new Map(masters.value.map((master) => [keyId(master), master]));

  return ok({
    async seal(plain, context) {
      const id = keyId(current);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', derive(current, context), nonce);
      cipher.setAAD(aad(id, context));
      const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `v1.${id}.${sealed.toString('base64url')}`;
    },

    async open(sealed, context) {
      const match = /^v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+)$/.exec(sealed);
      const bytes = Buffer.from(match?.[2] ?? '', 'base64url');
      const id = match?.[1];
      // The second condition refuses encodings that decode to the same bytes: one value has one sealed form.
      if (id === undefined || bytes.toString('base64url') !== match?.[2] || bytes.length < NONCE_BYTES + TAG_BYTES)
        return damaged(context);
      const master = byId.get(id);
      if (master === undefined) {
        return fail(
          'internal',
          `The value of ${context} was encrypted with another master key (${id})`,
          `Put the key file that belongs to this data directory back to ${keyFile}, from a backup.`,
        );
      }
      const decipher = createDecipheriv('aes-256-gcm', derive(master, context), bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(aad(id, context));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return ok(
          Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8'),
        );
      } catch {
        return damaged(context);
      }
    },
  });
}

const damaged = (context: string) =>
  fail(
    'internal',
    `The encrypted value of ${context} cannot be decrypted: it was changed or belongs to another record`,
    'Set the value again, or restore a backup.',
  );

export const keyId = (master: Buffer): string =>
  createHash('sha256').update('anchor key id').update(master).digest('hex').slice(0, 16);
const aad = (id: string, context: string): Buffer => Buffer.from(`v1.${id}.${context}`);
const derive = (master: Buffer, context: string): Buffer =>
  Buffer.from(hkdfSync('sha256', master, '', contextInfo(context), KEY_BYTES));
/** Returns the hash of the context, because HKDF takes at most 1,024 bytes of info. */
const contextInfo = (context: string): Buffer =>
  createHash('sha256').update('anchor secret v1 ').update(context).digest();
