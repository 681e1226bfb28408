import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { covers } from '../../certificates/certificate-index.ts';
import type { ServedNames } from '../../certificates/served-names.ts';
import type { ServedCertificate } from '@anchor/core/ports/certificate-table.ts';
import type { ClientHello } from './client-hello.ts';
import { Opening, openTls, type Opened } from './opening.ts';
import { refuseOpening, sendAlert } from './refusal.ts';
import type { Handshakes } from './handshakes.ts';
import { tunnel } from './tunnel.ts';

/** The part of the listener that the acceptor uses. */
export type TlsAcceptorOptions = Readonly<{
  names: ServedNames;
  handshakes: Handshakes;
  /** Counts a connection for the client that its PROXY header names. Returns false when that one has too many. */
  isAdmitted(socket: Socket, client: string): boolean;
  /** Application protocols to offer, the preferred one first. */
  protocols: readonly string[];
  /** Sockets that connections for a name are passed on to, see tunnel.ts. */
  tunnels: ReadonlyMap<string, string>;
  /** Takes a connection whose handshake is complete. */
  accept(socket: TlsConnection, protocol: string): void;
}>;

/** `covers`: returns whether the certificate of the connection is for a host. */
export type TlsConnection = TLSSocket & Readonly<{ covers: (host: string) => boolean }>;

/** RFC 8737: a certification authority checks that the name is served here. */
const ACME_TLS = 'acme-tls/1';
const LOOPBACK = /^(?:127\.|::1$)/;

/**
 * Performs TLS handshakes. The edge reads the ClientHello itself before OpenSSL does, and so chooses the certificate: a
 * connection for an unknown name costs an alert, and never a TLS state of some ten kilobytes.
 */
export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions;
  readonly #tunnels = new Set<TLSSocket>();

  constructor(options: TlsAcceptorOptions) {
    this.#options = options;
  }

  /** Starts with a connection that was just accepted. `proxied`: a PROXY header precedes the handshake. */
  take(socket: Socket, proxied: boolean): void {
    socket.on('error', ignore);
    if (!this.#options.handshakes.start(socket, proxied ? '' : (socket.remoteAddress ?? '')))
      return void socket.destroy();
    new Opening(socket, openTls(proxied), (result, start) => {
      if (typeof result === 'string') return refuseOpening(socket, result, start);
      this.#continue(socket, result);
    }).start();
  }

  #continue(socket: Socket, { proxy, hello, unread }: Opened<ClientHello>): void {
    const { handshakes, names, isAdmitted } = this.#options;
    if (proxy?.client !== undefined && !isAdmitted(socket, proxy.client)) return void socket.destroy();
    const challenged = hello.protocols.length === 1 && hello.protocols[0] === ACME_TLS;
    const certificate = challenged
      ? names.alpnChallengeOf(hello.serverName ?? '')
      : this.#certificateFor(hello, proxy?.local ?? socket.localAddress ?? '');
    if (certificate === undefined) return sendAlert(socket, 'unrecognizedName');
    const context = names.contextOf(certificate);
    if (context === undefined) return sendAlert(socket, 'internalError');
    const socketPath = this.#options.tunnels.get(hello.serverName ?? '');
    socket.unshift(unread);
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: challenged ? [ACME_TLS] : socketPath === undefined ? [...this.#options.protocols] : ['http/1.1'],
    });
    if (proxy?.client !== undefined) Object.defineProperty(secure, 'remoteAddress', { value: proxy.client });
    secure.on('error', ignore);
    // Errors after the handshake: node:tls tells its own server alone, and leaves the socket open.
    secure.on('_tlsError', () => secure.destroy());
    secure.once('secure', () => {
      handshakes.finish(socket);
      if (challenged) return void secure.end();
      if (socketPath !== undefined) {
        this.#tunnels.add(secure);
        secure.once('close', () => this.#tunnels.delete(secure));
        return tunnel(secure, socketPath);
      }
      const covering = { covers: (host: string) => covers(certificate, host) };
      this.#options.accept(Object.assign(secure, covering), secure.alpnProtocol || 'http/1.1');
    });
  }

  /** Closes the connections that are passed on; others belong to what took them. */
  closeAll(): void {
    for (const socket of this.#tunnels) socket.destroy();
  }

  #certificateFor({ serverName }: ClientHello, local: string): ServedCertificate | undefined {
    const { names } = this.#options;
    if (serverName !== undefined) return names.certificateOf(serverName);
    const address = local.startsWith('::ffff:') ? local.slice(7) : local;
    return names.certificateOf(address) ?? (LOOPBACK.test(address) ? undefined : names.onlyAddress());
  }
}

const ignore = (): void => undefined;
