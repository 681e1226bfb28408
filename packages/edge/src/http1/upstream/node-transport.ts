import { request, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MAX_RESPONSE_HEAD } from './response-head.ts';
import {
  MAX_INTERIM,
  SWITCHED_PROTOCOLS,
  TOO_MANY_INTERIM,
  type TransportUser,
  type UpstreamHead,
  type UpstreamTransport,
} from './transport.ts';

/** How long the rest of a discarded body may take. */
const MAX_DISCARD_MS = 1_000;

export type NodeRequest = Readonly<{
  socketPath: string;
  /** False: a connection of its own. */
  agent: Agent | false;
  method: string;
  path: string;
  /** Flat, or by name. */
  headers: string[] | Readonly<Record<string, string>>;
}>;

export interface NodeTransportUser extends TransportUser {
  head(head: UpstreamHead): void;
  data(chunk: Buffer): void;
  /** Handles the end of a response that arrived whole. `trailers` are flat. */
  end(trailers: readonly string[]): void;
  /** Handles that the instance accepted the connection. */
  connected?(): void;
  /** Handles the function's "100 Continue". */
  continued?(): void;
  /** Handles that more of the request's body can be written. */
  writable?(): void;
  /**
   * Handles a function that switched protocols; `first` is what arrived with its head. Without this method such a
   * response is rejected.
   */
  upgraded?(head: UpstreamHead, upstream: Duplex, first: Buffer): void;
}

/** Sends a request with node:http's client. Throws when the request cannot be written. */
export class NodeTransport implements UpstreamTransport {
  readonly #request: ClientRequest;
  readonly #user: NodeTransportUser;
  #socket: Socket | undefined;
  /** Bytes that the connection had read before this request. */
  #bytesBefore = 0;
  #response: IncomingMessage | undefined;
  #upgraded: Duplex | undefined;
  #connected = false;
  #interim = 0;
  #open = true;

  constructor({ socketPath, agent, method, path, headers }: NodeRequest, user: NodeTransportUser) {
    this.#user = user;
    this.#request = request({
      socketPath,
      agent,
      method,
      path,
      headers: Array.isArray(headers) ? headers : { ...headers },
      setHost: false,
      maxHeaderSize: MAX_RESPONSE_HEAD,
    });
    this.#request.on('socket', (socket) => this.#onSocket(socket));
    this.#request.on('continue', () => {
      if (this.#open) this.#user.continued?.();
    });
    this.#request.on('drain', () => {
      if (this.#open) this.#user.writable?.();
    });
    this.#request.on('information', ({ statusCode, statusMessage, rawHeaders }) => {
      if (!this.#open) return;
      if (++this.#interim > MAX_INTERIM) return this.#reject(TOO_MANY_INTERIM);
      this.#user.interim(statusCode, statusMessage, rawHeaders);
    });
    this.#request.on('upgrade', (response, socket, first) => this.#onUpgrade(response, socket, first));
    this.#request.on('response', (response) => this.#onResponse(response));
    this.#request.on('error', (error) => this.#onGone(error));
  }

  get connected(): boolean {
    return this.#connected;
  }

  get reused(): boolean {
    return this.#request.reusedSocket;
  }

  get received(): boolean {
    return this.#interim > 0 || (this.#socket?.bytesRead ?? 0) > this.#bytesBefore;
  }

  /** Sends a part of the request's body. False: wait for `writable`. */
  write(chunk: Buffer): boolean {
    return this.#request.write(chunk);
  }

  /** Ends the request. `trailers` are flat. */
  end(body?: Buffer, trailers: readonly string[] = []): void {
    if (trailers.length > 0) this.#request.addTrailers(pairs(trailers));
    this.#request.end(body);
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  discard(): void {
    this.#finish();
    const response = this.#response;
    if (response === undefined) return;
    response.resume();
    const timer = setTimeout(() => this.#request.destroy(), MAX_DISCARD_MS).unref();
    response.once('close', () => clearTimeout(timer));
  }

  abandon(): void {
    this.#open = false;
    this.#request.destroy();
    this.#upgraded?.destroy();
  }

  #onSocket(socket: Socket): void {
    this.#socket = socket;
    this.#bytesBefore = socket.bytesRead;
    const ready = (): void => {
      this.#connected = true;
      if (this.#open) this.#user.connected?.();
    };
    if (socket.connecting) socket.once('connect', ready);
    else ready();
  }

  #onUpgrade(response: IncomingMessage, socket: Duplex, first: Buffer): void {
    this.#upgraded = socket;
    if (!this.#open) return void socket.destroy();
    if (this.#user.upgraded === undefined) return this.#reject(SWITCHED_PROTOCOLS);
    this.#user.upgraded(headOf(response), socket, first);
  }

  #onResponse(response: IncomingMessage): void {
    this.#response = response;
    response.on('error', (error) => this.#onGone(error));
    response.on('aborted', () => this.#onGone(new Error('aborted')));
    if (!this.#open) return void response.resume();
    response.on('data', (chunk: Buffer) => {
      if (this.#open) this.#user.data(chunk);
    });
    response.on('end', () => {
      if (!this.#open) return;
      this.#finish();
      this.#user.end(response.rawTrailers);
    });
    this.#user.head(headOf(response));
  }

  #onGone(error: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#user.gone(error);
  }

  #reject(why: string): void {
    this.abandon();
    this.#user.rejected(why);
  }

  /** Stops the reports. A function that has not read the whole request does not get the rest. */
  #finish(): void {
    this.#open = false;
    if (!this.#request.writableEnded) this.#request.destroy();
  }
}

const headOf = ({ statusCode = 502, statusMessage = '', rawHeaders, headers }: IncomingMessage): UpstreamHead => ({
  status: statusCode,
  reason: statusMessage,
  raw: rawHeaders,
  connection: headers.connection,
  chunked: headers['transfer-encoding'] !== undefined,
});

/** Returns a flat list as node:http takes trailers. */
export function pairs(flat: readonly string[]): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) out.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return out;
}
