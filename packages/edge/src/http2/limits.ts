/** Requests that one connection may have in flight. */
export const MAX_STREAMS = 128;
/** How much of a request's body a client may send before its function reads any of it. */
export const STREAM_WINDOW = 256 * 1024;
/** How much a client may send on all streams together before any of it is read. */
export const CONNECTION_WINDOW = 1024 * 1024;
/** Streams that were cancelled, or reset for a mistake of the client: at once, and per second. */
export const RESETS = { capacity: 300, perSecond: 20 } as const;
/** Frames that carry no request and no data: at once, and per second. Requests and bytes sent add to them. */
export const OVERHEAD = { capacity: 2_000, perSecond: 100, perRequest: 4, perKilobyte: 1 } as const;
/** Streams reset by the edge whose late frames are ignored. */
export const MAX_RESET_IDS = 256;
/** Header blocks in more frames than any client needs. */
export const MAX_BLOCK_FRAMES = 16;
/** How long a closed connection is still read, so that its last frames reach the client. */
export const LINGER_MS = 1_000;
