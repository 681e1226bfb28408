import { DEFAULT_WINDOW, ERROR, MAX_FRAME_BYTES, MAX_WINDOW, SETTING, type ErrorCode } from './frames.ts';

const ENTRY_BYTES = 6;
const MAX_MAX_FRAME_BYTES = 0xff_ffff;
const DEFAULT_TABLE_BYTES = 4096;

/** The settings of a client that concern what the edge sends. Larger frames than the default are never sent. */
export class ClientSettings {
  initialWindow = DEFAULT_WINDOW;
  /** The client has reduced the table that its decoder keeps, and expects to be told that it is not used. */
  tableReduced = false;

  /** Reads the payload of a SETTINGS frame. Returns an error code when it is invalid. */
  read(bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    if ((to - from) % ENTRY_BYTES !== 0) return ERROR.frameSize;
    for (let at = from; at < to; at += ENTRY_BYTES) {
      const error = this.#set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
      if (error !== undefined) return error;
    }
    return undefined;
  }

  #set(name: number, value: number): ErrorCode | undefined {
    switch (name) {
      case SETTING.headerTableSize:
        this.tableReduced ||= value < DEFAULT_TABLE_BYTES;
        return undefined;
      case SETTING.enablePush:
        return value > 1 ? ERROR.protocol : undefined;
      case SETTING.initialWindowSize:
        if (value > MAX_WINDOW) return ERROR.flowControl;
        this.initialWindow = value;
        return undefined;
      case SETTING.maxFrameSize:
        return value < MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES ? ERROR.protocol : undefined;
      default:
        return undefined;
    }
  }
}
