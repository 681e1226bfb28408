import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificateMaterial } from '@anchor/core/ports/certificate-table.ts';
import { touch } from '../util/lru-cache.ts';

/** TLS 1.3, then for 1.2 what is ephemeral and authenticated. The order is the client's: phones prefer ChaCha20. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** A slash starts the next choice: the post-quantum group wins even where the client sent no share for it. */
const GROUPS = 'X25519MLKEM768/X25519:P-256:P-384';

/** How long a client may resume a session. Longer than ticket keys are used for new tickets. */
const SESSION_SECONDS = 12 * 3600;

/** Creates the context that OpenSSL needs for a certificate: some 50 KB and a millisecond. Throws for a damaged one. */
export function createContext(
  { chainPem, keyPem }: CertificateMaterial,
  sessions: string,
  ticketKeys: Buffer | undefined,
): SecureContext {
  return createSecureContext({
    cert: chainPem,
    key: keyPem,
    // None: clients present no certificates. Without it Node loads its root certificates into each context.
    ca: [],
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    ecdhCurve: GROUPS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // A ticket of one site must not resume a session of another, which has the same ticket keys.
    sessionIdContext: sessions,
    sessionTimeout: SESSION_SECONDS,
    ...(ticketKeys === undefined ? {} : { ticketKeys }),
  });
}

/** Holds the contexts that were used last. */
export class ContextCache {
  readonly #limit: number;
  readonly #contexts = new Map<string, SecureContext>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): SecureContext | undefined {
    const context = this.#contexts.get(key);
    if (context !== undefined) touch(this.#contexts, key, context);
    return context;
  }

  set(key: string, context: SecureContext): void {
    this.#contexts.set(key, context);
    for (const [oldest, old] of this.#contexts) {
      if (this.#contexts.size <= this.#limit) return;
      this.#contexts.delete(oldest);
      release(old);
    }
  }

  clear(): void {
    for (const context of this.#contexts.values()) release(context);
    this.#contexts.clear();
  }

  get count(): number {
    return this.#contexts.size;
  }
}

/**
 * Frees the memory of a context, which connections that use it still hold. Without it 2,000 contexts that were evicted
 * kept 50 MB until the next collection: to the collector each is a small object. Private to Node; where it is missing,
 * the collector frees the memory.
 */
function release({ context }: Readonly<{ context: unknown }>): void {
  if (typeof context === 'object' && context !== null && 'close' in context && typeof context.close === 'function')
    context.close();
}
