import { createSocket } from 'node:dgram';
import { createConnection, isIPv6 } from 'node:net';
import { err, ok, type Result } from '@anchor/core/result/result.ts';
import { MESSAGE_LIMIT, readResponse, type DnsMessage, type SentQuery } from './message.ts';

/** A DNS server's address. */
export type DnsServer = Readonly<{ address: string; port: number }>;

/** Why a server gave no response that can be read. `refused`: no DNS server listens there. */
export type DnsFailure = 'timeout' | 'refused' | 'unreachable' | 'malformed' | 'too_large';

/** Strangers' messages that one query reads at most; more is an attack, and TCP cannot be spoofed so. */
const STRANGERS_LIMIT = 16;

/** What a UDP query ended with; `tcp` when it must be repeated over TCP. */
export type UdpOutcome = Result<DnsMessage, DnsFailure | 'tcp'>;

/**
 * Sends a query over UDP from a random port. Messages that do not repeat id and question are ignored: they come from
 * somewhere else.
 */
export function exchangeUdp(server: DnsServer, query: SentQuery, timeoutMs: number): Promise<UdpOutcome> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    let strangers = 0;
    const end = (outcome: UdpOutcome): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(err('timeout')), timeoutMs);
    socket.on('error', (error) => end(err(failureOf(error))));
    socket.on('message', (bytes: Buffer) => {
      const received = readResponse(bytes, query);
      if (received.kind === 'match') end(received.message.truncated ? err('tcp') : ok(received.message));
      else if (received.kind === 'other_case' || ++strangers >= STRANGERS_LIMIT) end(err('tcp'));
      else if (received.kind === 'malformed') end(err('malformed'));
    });
    // A connected socket receives from this address only, and is told when nothing listens there.
    socket.connect(server.port, server.address, () => socket.send(query.bytes));
  });
}

/** Sends a query over TCP. */
export async function exchangeTcp(
  server: DnsServer,
  query: SentQuery,
  timeoutMs: number,
): Promise<Result<DnsMessage, DnsFailure>> {
  const bytes = await exchangeBytes(server, query.bytes, timeoutMs);
  if (!bytes.ok) return bytes;
  const received = readResponse(bytes.value, query);
  return received.kind === 'match' ? ok(received.message) : err('malformed');
}

/** Sends one message over TCP and returns the one that comes back, unread. */
export function exchangeBytes(
  server: DnsServer,
  message: Uint8Array,
  timeoutMs: number,
): Promise<Result<Buffer, DnsFailure>> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: server.address, port: server.port });
    let received = Buffer.alloc(0);
    const end = (outcome: Result<Buffer, DnsFailure>): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(err('timeout')), timeoutMs);
    socket.on('error', (error) => end(err(failureOf(error))));
    socket.on('close', () => end(err('malformed')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2) return;
      const length = received.readUInt16BE(0);
      if (length > MESSAGE_LIMIT) end(err('too_large'));
      else if (received.length >= length + 2) end(ok(received.subarray(2, length + 2)));
    });
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16BE(message.length);
    socket.write(Buffer.concat([prefix, message]));
  });
}

function failureOf(error: NodeJS.ErrnoException): DnsFailure {
  return error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET' ? 'refused' : 'unreachable';
}
