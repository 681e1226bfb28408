/** The edge speaks HTTP/1.1 without TLS to functions: servers of other kinds are given such connections. */
import { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Hands a connection to a server as one that it can read. */
export function connectionsOf(server: Server): (socket: Socket) => void {
  if (isHttp2(server)) {
    // Its compatible API gets requests of HTTP/1.1; servers that only take streams cannot.
    const front = new HttpServer((request, response) => {
      if (!server.emit('request', request, response)) response.writeHead(505).end();
    });
    front.on('upgrade', (request, socket, head) => {
      if (!server.emit('upgrade', request, socket, head)) socket.destroy();
    });
    return (socket) => void front.emit('connection', socket);
  }
  if (server instanceof TlsServer) return (socket) => void server.emit('secureConnection', socket);
  return (socket) => void server.emit('connection', socket);
}

/** Returns whether connections must reach the server differently than Node's own way. */
export const needsPlain = (server: Server): boolean => server instanceof TlsServer || isHttp2(server);

/** Returns whether the server speaks HTTP, rather than a protocol of its own. */
export const speaksHttp = (server: Server): boolean =>
  server instanceof HttpServer ||
  isHttp2(server) ||
  (server instanceof TlsServer && server.listenerCount('request') > 0);

const isHttp2 = (server: Server): boolean => /^Http2(?:Secure)?Server$/.test(server.constructor.name);
