import { get } from 'node:http';

/**
 * Waits until the test that asked lets part `n` be made: `gate` is an address of its own server, which a visitor names in
 * the cookie of that name. Without one it waits for a time. Never fetch(), which Next would cache.
 */
export async function pass(gate: string | undefined, n: number, ms: number): Promise<void> {
  if (gate === undefined) return new Promise((resolve) => setTimeout(resolve, ms));
  await new Promise<void>((resolve, reject) => get(`${gate}/${n}`, (answer) => answer.resume().once('end', resolve)).once('error', reject));
}
