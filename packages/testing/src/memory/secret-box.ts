import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

/** Creates a box with a key that exists only in this process. */
export function secretBox(): SecretBox {
  const key = randomBytes(32);
  return {
    seal: async (plain, context) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('hex');
    },
    open: async (sealed, context) => {
      try {
        const bytes = Buffer.from(sealed, 'hex');
        if (bytes.toString('hex') !== sealed) throw new Error('not hex');
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
        decipher.setAAD(Buffer.from(context));
        decipher.setAuthTag(bytes.subarray(-16));
        return ok(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8'));
      } catch (cause) {
        return fail(
          'internal',
          `the encrypted value of ${context} does not open`,
          'Set the value again.',
          String(cause),
        );
      }
    },
  };
}
