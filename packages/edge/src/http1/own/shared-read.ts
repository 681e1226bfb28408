import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const BYTES = 64 * 1024;
/** Into which every connection of this process is read: what is in it is good until the reader returns. */
const shared = Buffer.allocUnsafeSlow(BYTES);

/** Takes the first `length` bytes. False: read no more until `resume`. */
export type Reader = (bytes: Buffer, length: number) => boolean;

/**
 * Returns the same connection as a socket that is read into shared memory, because a buffer per read, and its
 * collection, cost more than the request in it. A server has no option for that (`onread` is one of sockets that
 * connect), so the handle is moved from one socket to the other. Returns undefined where that is not supported: the
 * connection is then read as usual.
 */
export function readShared(accepted: Socket, reader: Reader): Socket | undefined {
  if (!('_handle' in accepted) || typeof accepted._handle !== 'object' || accepted._handle === null) return undefined;
  const options = {
    handle: accepted._handle,
    allowHalfOpen: true,
    onread: { buffer: shared, callback: (length: number) => reader(shared, length) },
  };
  // Its declared options know no handle of this kind, though servers make their sockets with it.
  const socket: unknown = Reflect.construct(Socket, [options]);
  if (!(socket instanceof Socket)) return undefined;
  accepted._handle = null;
  // The server counts its connections by the sockets that it made.
  socket.once('close', () => accepted.destroy());
  return socket;
}

/** Reads a TLS connection whose handshake is complete in the same way. Returns false where that is not supported. */
export function readSharedSecure(secure: TLSSocket, reader: Reader): boolean {
  const handle = '_handle' in secure ? secure._handle : undefined;
  if (SLOTS === undefined || !canUseBuffer(handle) || secure.readableLength > 0) return false;
  Object.assign(secure, { [SLOTS.buffer]: shared, [SLOTS.callback]: (length: number) => reader(shared, length) });
  handle.useUserBuffer(shared);
  return true;
}

const canUseBuffer = (handle: unknown): handle is { useUserBuffer(bytes: Buffer): void } =>
  typeof handle === 'object' &&
  handle !== null &&
  'useUserBuffer' in handle &&
  typeof handle.useUserBuffer === 'function';

/** Where sockets keep their `onread` option, which TLS sockets of a server do not take. Undefined: it is elsewhere. */
const SLOTS = findSlots();

function findSlots(): Readonly<{ buffer: symbol; callback: symbol }> | undefined {
  const callback = (): boolean => true;
  const socket = new Socket({ onread: { buffer: shared, callback } });
  const slot = (value: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(socket).find((symbol) => Reflect.get(socket, symbol) === value);
  const [bufferSlot, callbackSlot] = [slot(shared), slot(callback)];
  return bufferSlot === undefined || callbackSlot === undefined
    ? undefined
    : { buffer: bufferSlot, callback: callbackSlot };
}
