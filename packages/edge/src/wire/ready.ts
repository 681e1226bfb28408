import { STATUS_CODES } from 'node:http';
import { HEAD_SLOTS, type Variant } from '../assets/asset.ts';
import type { Kept } from '../assets/memory.ts';
import type { Exchange } from '../exchange.ts';
import { httpDate } from './date.ts';

/** A whole answer, head and body. Without `bytes` and `variant` it is not to be had any more: who remembers it does not keep their memory. */
export type Answer = {
  bytes: Buffer | undefined;
  variant: Variant | undefined;
  readonly status: number;
  readonly requestIdAt: number;
  readonly dateAt: number;
  date: string;
  readonly deploymentAt: number;
  deploymentId: string;
};

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

  /** The answer on a connection that is kept. Undefined when it is not for this way. */
  find(exchange: Exchange, status: number, variant: Variant, kept: Kept): Answer | undefined {
    if (exchange.requestId.length !== ID_LENGTH) return undefined;
    const answer = this.#answers.get(variant);
    return answer !== undefined && answer.status === status ? answer : this.#make(exchange, status, variant, kept);
  }

  /** Its bytes for one request, good until the next call. `requestId` is of the length of those that we make. */
  bytes(answer: Answer, requestId: string, deploymentId: string): Buffer | undefined {
    const { bytes } = answer;
    if (bytes === undefined) return undefined;
    bytes.write(requestId, answer.requestIdAt, 'latin1');
    const date = httpDate();
    if (answer.date !== date) {
      answer.date = date;
      bytes.write(date, answer.dateAt, 'latin1');
    }
    if (answer.deploymentId !== deploymentId) {
      if (answer.deploymentId.length !== deploymentId.length) return undefined;
      answer.deploymentId = deploymentId;
      bytes.write(deploymentId, answer.deploymentAt, 'latin1');
    }
    return bytes;
  }

  /** Its bytes are somebody else's now. */
  give(answer: Answer): void {
    const { variant, bytes } = answer;
    if (variant === undefined || bytes === undefined) return;
    this.#answers.delete(variant);
    this.#bytes -= bytes.length;
    answer.variant = undefined;
    answer.bytes = undefined;
  }

  #make(exchange: Exchange, status: number, variant: Variant, kept: Kept): Answer | undefined {
    if (kept.length > MAX_BODY || kept.length !== variant.size) return undefined;
    const before = this.#answers.get(variant);
    if (before !== undefined) this.give(before);
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
    const answer: Answer = { bytes, variant, status, requestIdAt, dateAt, date, deploymentAt, deploymentId };
    this.#answers.set(variant, answer);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#answers) {
      if (this.#bytes <= this.#limit || oldest === variant) break;
      this.give(old);
    }
    return answer;
  }
}
