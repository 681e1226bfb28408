import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type {
  PublishedCertificate,
  PublishedChallenge,
  ServedCertificates,
  ServedDomain,
} from '@anchor/core/ports/served-certificates.ts';

/** A certificate with its key, in PEM. */
export type PemPair = Readonly<{ cert: string; key: string }>;

/**
 * A stand-in for the edge: serves challenges over HTTP and TLS on ports of its own, and notes certificates. For tests
 * that need no edge.
 */
export class ChallengeServer implements ServedCertificates {
  readonly #http: Server;
  readonly #tls: TlsServer;
  /** Texts by path. */
  readonly texts = new Map<string, string>();
  /** Certificates for tls-alpn-01 by the server name of the handshake: a name, or the reverse name of an address. */
  readonly alpn = new Map<string, PemPair>();
  readonly certificates = new Map<string, PublishedCertificate>();
  domains: readonly ServedDomain[] = [];
  /** How many challenges of each kind were requested. */
  readonly requests = { http: 0, alpn: 0 };

  private constructor() {
    this.#http = createServer((request, response) => {
      const text = this.texts.get(request.url ?? '');
      this.requests.http += 1;
      response.writeHead(text === undefined ? 404 : 200).end(text ?? 'no such token');
    });
    this.#tls = createTlsServer({
      ALPNProtocols: ['acme-tls/1'],
      SNICallback: (name, done) => {
        const pair = this.alpn.get(name.toLowerCase());
        this.requests.alpn += 1;
        if (pair === undefined) done(new Error(`no certificate for ${name}`));
        else done(null, createSecureContext(pair));
      },
    });
    this.#tls.on('secureConnection', (socket) => socket.on('error', () => {}).end());
    this.#tls.on('tlsClientError', () => {});
  }

  /** Starts both servers on free ports of loopback. */
  static async start(): Promise<ChallengeServer> {
    const server = new ChallengeServer();
    for (const each of [server.#http, server.#tls])
      await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get httpPort(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get tlsPort(): number {
    return (this.#tls.address() as AddressInfo).port;
  }

  async published(): Promise<readonly string[]> {
    return [...this.certificates.keys()];
  }

  async publish(certificate: PublishedCertificate): Promise<void> {
    this.certificates.set(certificate.id, certificate);
  }

  async withdraw(id: string): Promise<void> {
    this.certificates.delete(id);
  }

  async publishChallenge(challenge: PublishedChallenge): Promise<void> {
    if (challenge.kind === 'http') this.texts.set(challenge.path, challenge.text);
    else this.alpn.set(challenge.host, { cert: challenge.chainPem, key: challenge.keyPem });
  }

  async withdrawChallenge(kind: PublishedChallenge['kind'], key: string): Promise<void> {
    if (kind === 'http') this.texts.delete(key);
    else this.alpn.delete(key);
  }

  async setDomains(domains: readonly ServedDomain[]): Promise<void> {
    this.domains = domains;
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await Promise.all([this.#http, this.#tls].map((each) => new Promise((resolve) => each.close(resolve))));
  }
}
