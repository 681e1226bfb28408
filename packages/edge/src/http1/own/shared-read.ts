import { Socket } from 'node:net';

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
