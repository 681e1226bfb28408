import type { Socket } from 'node:net';
import type { OpeningFailure } from './opening.ts';

/** Alerts of RFC 8446, 6. */
const ALERTS = { recordOverflow: 22, handshakeFailure: 40, decodeError: 50, internalError: 80, unrecognizedName: 112 };
export type Alert = keyof typeof ALERTS;

const PLAIN =
  'The port speaks HTTPS, and the connection started with something else.\nUse an address that starts with https://.\n';
const PLAIN_RESPONSE = `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${PLAIN.length}\r\n\r\n${PLAIN}`;
/** Methods that a client of plain HTTP starts with. */
const HTTP = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) /;

/** Sends a fatal alert in plain text, as it is before a handshake, and closes the connection. */
export function sendAlert(socket: Socket, alert: Alert): void {
  finish(socket, Buffer.from([21, 3, 3, 0, 2, 2, ALERTS[alert]]));
}

/** Tells a client why the start of its connection cannot be used, where its protocol has a way to. */
export function refuseOpening(socket: Socket, failure: OpeningFailure, start: string): void {
  if (failure === 'malformed') sendAlert(socket, 'decodeError');
  else if (failure === 'too large') sendAlert(socket, 'recordOverflow');
  else if (failure === 'not tls' && HTTP.test(start)) finish(socket, PLAIN_RESPONSE);
  else socket.destroy();
}

function finish(socket: Socket, bytes: Buffer | string): void {
  // What the client still sends is dropped: unread bytes would turn the end of the connection into a reset.
  socket.resume();
  socket.end(bytes);
  socket.destroySoon();
}
