import { STATUS_CODES } from 'node:http';
import { HEAD_SLOTS, type Variant } from '../assets/asset.ts';
import type { Kept } from '../assets/memory.ts';
import type { Exchange } from '../exchange.ts';
import { httpDate } from './date.ts';

type Answer = { readonly bytes: Buffer; readonly requestIdAt: number; readonly dateAt: number; deploymentId: string; readonly deploymentAt: number; date: string; readonly status: number };

/** Larger bodies are written from where they are kept. */
const MAX_BODY = 64 * 1024;
/** A request id that we make; one that a trusted proxy made may be of another length. */
const ID_LENGTH = 36;

/**
 * Whole answers, head and body in one piece of memory, for the files that are asked for most. What differs from one
 * request to the next (its id, the date) is written into its place.
 */
export class Ready {
  readonly #limit: number;
  readonly #keepAliveSeconds: number;
  readonly #answers = new Map<Variant, Answer>();
  #bytes = 0;

  constructor(limitBytes: number, keepAliveSeconds: number) {
    this.#limit = limitBytes;
    this.#keepAliveSeconds = keepAliveSeconds;
  }

  /** The bytes of the answer on a connection that is kept, good until the next call. Undefined when it is not for this way. */
  bytes(exchange: Exchange, status: number, variant: Variant, kept: Kept): Buffer | undefined {
    if (exchange.requestId.length !== ID_LENGTH) return undefined;
    let answer = this.#answers.get(variant);
    if (answer === undefined || answer.status !== status) {
      answer = this.#make(exchange, status, variant, kept);
      if (answer === undefined) return undefined;
    }
    const { bytes } = answer;
    bytes.write(exchange.requestId, answer.requestIdAt, 'latin1');
    const date = httpDate();
    if (answer.date !== date) {
      answer.date = date;
      bytes.write(date, answer.dateAt, 'latin1');
    }
    const deploymentId = exchange.deploymentId ?? '';
    if (answer.deploymentId !== deploymentId) {
      if (answer.deploymentId.length !== deploymentId.length) return undefined;
      answer.deploymentId = deploymentId;
      bytes.write(deploymentId, answer.deploymentAt, 'latin1');
    }
    return bytes;
  }

  /** The bytes of the last answer are somebody else's now. */
  give(variant: Variant): void {
    const answer = this.#answers.get(variant);
    if (answer === undefined) return;
    this.#answers.delete(variant);
    this.#bytes -= answer.bytes.length;
  }

  #make(exchange: Exchange, status: number, variant: Variant, kept: Kept): Answer | undefined {
    if (kept.length > MAX_BODY || kept.length !== variant.size) return undefined;
    this.give(variant);
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    let requestIdAt = 0;
    let deploymentAt = 0;
    const deploymentId = exchange.deploymentId ?? '';
    for (let i = 0; i < variant.head.length; i += 2) {
      head += `${variant.head[i]}: `;
      if (i + 1 === HEAD_SLOTS.requestId) requestIdAt = head.length;
      if (i + 1 === HEAD_SLOTS.deployment) deploymentAt = head.length;
      head += `${i + 1 === HEAD_SLOTS.requestId ? exchange.requestId : i + 1 === HEAD_SLOTS.deployment ? deploymentId : variant.head[i + 1]}\r\n`;
    }
    const date = httpDate();
    const dateAt = head.length + 'Date: '.length;
    head += `Date: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${this.#keepAliveSeconds}\r\n\r\n`;
    // Memory of its own: a piece of the shared pool would keep all of it.
    const bytes = Buffer.allocUnsafeSlow(head.length + kept.length);
    bytes.write(head, 0, 'latin1');
    if (typeof kept === 'string') bytes.write(kept, head.length, 'latin1');
    else kept.copy(bytes, head.length);
    const answer: Answer = { bytes, requestIdAt, dateAt, deploymentId, deploymentAt, date, status };
    this.#answers.set(variant, answer);
    this.#bytes += bytes.length;
    for (const [oldest, { bytes: old }] of this.#answers) {
      if (this.#bytes <= this.#limit || oldest === variant) break;
      this.#answers.delete(oldest);
      this.#bytes -= old.length;
    }
    return answer;
  }
}
