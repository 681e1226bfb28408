import type { Result } from '../result/result.ts';

/**
 * Authenticated encryption at rest, bound to a context (`project/environment/name`): a sealed value moved elsewhere
 * does not open. Envelope keys: local a key file, on AWS KMS (4 KB per direct call, hence the envelope).
 */
export interface SecretBox {
  /** Encrypts a value for one context. */
  seal(plain: string, context: string): Promise<string>;
  /** Decrypts a value. Fails with `internal` for another context, an unknown key or a changed value. */
  open(sealed: string, context: string): Promise<Result<string>>;
}
