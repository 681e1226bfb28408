/** Gates hold a deployed site until a test opens them: streams are judged by their order and never by the clock. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { stream, type StreamOptions, type Streamed } from './client.ts';
import { serveOutside, type Outside } from './outside.ts';
import type { Site } from './site.ts';

/** How long all parts together may take. */
const PARTS_MS = 60_000;

export type Gates = Outside &
  Readonly<{
    /** Releases the requests that wait there, and later ones. */
    open(gate: string): void;
    /** Later requests wait. Every gate is shut until it is opened. */
    shut(gate: string): void;
    /** How many wait there. */
    heldCount(gate: string): number;
  }>;

/**
 * Gates are paths: `${origin}/${gate}` responds once the gate is open. The fixtures' side is `e2e/apps/shared/gate.ts`.
 */
export async function startGates(): Promise<Gates> {
  const opened = new Set<string>();
  const held = new Map<string, Set<ServerResponse>>();
  const outside = await serveOutside((request, response) => {
    const gate = (request.url ?? '/').slice(1);
    if (opened.has(gate)) return void response.end();
    const others = held.get(gate) ?? new Set();
    held.set(gate, others.add(response));
    response.once('close', () => others.delete(response));
  });
  return {
    ...outside,
    open(gate) {
      opened.add(gate);
      for (const response of held.get(gate) ?? []) response.end();
    },
    shut: (gate) => void opened.delete(gate),
    heldCount: (gate) => held.get(gate)?.size ?? 0,
  };
}

/** The cookie by which a client names a gate to the fixtures. */
export const gateCookie = (gates: Gates, id: string): string => `gate=${gates.origin}/${id}`;

/**
 * Requests a response in parts. Each part is produced only when the one before it was received here. Where something
 * holds a part back, or buffers the response, the next part never comes.
 */
export async function requestInParts(
  gates: Gates,
  { platform, host }: Site,
  path: string,
  parts: readonly string[],
  { headers, leaveWhen, ...options }: Omit<StreamOptions, 'signal'> = {},
): Promise<Streamed> {
  const id = randomUUID();
  const cookie = [headers?.['cookie'], gateCookie(gates, id)].filter((one) => one !== undefined).join('; ');
  let seen = 0;
  const early: string[] = [];
  const response = await stream({ port: platform.edgePort, host }, path, {
    ...options,
    headers: { ...headers, cookie },
    signal: AbortSignal.timeout(PARTS_MS),
    leaveWhen(text) {
      while (seen < parts.length && text.includes(parts[seen] ?? '')) {
        early.push(...parts.slice(seen + 1).filter((part) => text.includes(part)));
        gates.open(`${id}/${++seen}`);
      }
      return leaveWhen?.(text) ?? false;
    },
  }).catch((cause: unknown) => {
    throw new Error(
      seen === 0 ? `"${parts[0]}" never came` : `after "${parts[seen - 1]}" came no "${parts[seen] ?? 'end'}"`,
      { cause },
    );
  });
  assert.deepEqual(early, [], 'unrequested parts came');
  assert.equal(seen, parts.length, response.text);
  return response;
}
