/** What a deployed site waits for until a test says so: streams are judged by their order and never by the clock. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ask, type Ask, type Streamed } from './client.ts';
import { serveOutside, type Outside } from './outside.ts';
import type { Site } from './site.ts';

/** How long all parts together may take. */
const PARTS_MS = 60_000;

export type Gates = Outside & Readonly<{
  /** Lets through whoever waits there and whoever comes. */
  open(gate: string): void;
  /** Whoever comes from now on waits. Every gate is shut until it is opened. */
  shut(gate: string): void;
  /** How many wait there. */
  waiting(gate: string): number;
}>;

/** Gates are paths: `${origin}/${gate}` is answered once the gate is open. The fixtures' side is `e2e/apps/shared/gate.ts`. */
export async function startGates(): Promise<Gates> {
  const opened = new Set<string>();
  const waiting = new Map<string, Set<ServerResponse>>();
  const outside = await serveOutside((request, response) => {
    const gate = (request.url ?? '/').slice(1);
    if (opened.has(gate)) return void response.end();
    const others = waiting.get(gate) ?? new Set();
    waiting.set(gate, others.add(response));
    response.once('close', () => others.delete(response));
  });
  return {
    ...outside,
    open(gate) {
      opened.add(gate);
      for (const response of waiting.get(gate) ?? []) response.end();
    },
    shut: (gate) => void opened.delete(gate),
    waiting: (gate) => waiting.get(gate)?.size ?? 0,
  };
}

/** The cookie by which a visitor names a gate to the fixtures. */
export const gateCookie = (gates: Gates, id: string): string => `gate=${gates.origin}/${id}`;

/**
 * Asks for an answer in parts. Each is made only when the one before it was seen here: where something holds a part back,
 * or sends the answer whole, the next one never comes.
 */
export async function askInParts(gates: Gates, { platform, host }: Site, path: string, parts: readonly string[], { headers, leaveWhen, ...options }: Omit<Ask, 'signal'> = {}): Promise<Streamed> {
  const id = randomUUID();
  const cookie = [headers?.['cookie'], gateCookie(gates, id)].filter((one) => one !== undefined).join('; ');
  let seen = 0;
  const early: string[] = [];
  const answer = await ask({ port: platform.edgePort, host }, path, {
    ...options, headers: { ...headers, cookie }, signal: AbortSignal.timeout(PARTS_MS),
    leaveWhen(text) {
      while (seen < parts.length && text.includes(parts[seen] ?? '')) {
        early.push(...parts.slice(seen + 1).filter((part) => text.includes(part)));
        gates.open(`${id}/${++seen}`);
      }
      return leaveWhen?.(text) ?? false;
    },
  }).catch((cause: unknown) => {
    throw new Error(seen === 0 ? `"${parts[0]}" never came` : `after "${parts[seen - 1]}" came no "${parts[seen] ?? 'end'}"`, { cause });
  });
  assert.deepEqual(early, [], 'parts came that nobody had asked for');
  assert.equal(seen, parts.length, answer.text);
  return answer;
}
