import type { FactStore } from '@anchor/core/ports/facts.ts';

export function factStore(): FactStore {
  const facts = new Map<string, string>();
  return { get: async (key) => facts.get(key), set: async (key, value) => void facts.set(key, value) };
}
