import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type Server as TlsServer } from 'node:tls';

/** A certificate with its key, in PEM. */
export type PemPair = Readonly<{ cert: string; key: string }>;

const PATH = '/.well-known/acme-challenge/';

/** Serves http-01 and tls-alpn-01 from two maps, as the edge does: for tests that need no edge. */
export class ChallengeServer {
  readonly #http: Server;
  readonly #tls: TlsServer;
  /** Key authorizations by token. */
  readonly tokens = new Map<string, string>();
  /** Certificates by the server name of the handshake: a name, or the reverse name of an address. */
  readonly certificates = new Map<string, PemPair>();
  /** Requests for challenges, by their Host header. */
  readonly requests: string[] = [];

  private constructor() {
    this.#http = createServer((request, response) => {
      const token = request.url?.startsWith(PATH) === true ? request.url.slice(PATH.length) : '';
      this.requests.push(request.headers.host ?? '');
      const authorization = this.tokens.get(token);
      response.writeHead(authorization === undefined ? 404 : 200).end(authorization ?? 'no such token');
    });
    this.#tls = createTlsServer({
      ALPNProtocols: ['acme-tls/1'],
      SNICallback: (name, done) => {
        const pair = this.certificates.get(name.toLowerCase());
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

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await Promise.all([this.#http, this.#tls].map((each) => new Promise((resolve) => each.close(resolve))));
  }
}
