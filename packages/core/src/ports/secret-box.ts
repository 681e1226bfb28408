import type { Result } from '../result/result.ts';

/**
 * Authenticated encryption at rest, bound to a context (`project/environment/name`): a sealed value moved elsewhere does
 * not open. Envelope keys: local a key file, on AWS KMS (4 KB per direct call, hence the envelope).
 */
export interface SecretBox {
  seal(plain: string, context: string): Promise<string>;
  open(sealed: string, context: string): Promise<Result<string>>;
}
