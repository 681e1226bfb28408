import type { Alias } from '@anchor/core/aliases/alias.ts';
import type { AliasStore } from '@anchor/core/ports/stores.ts';
import { pageOf } from './collection.ts';

export type MemoryAliases = AliasStore & Readonly<{ peek(host: string): Alias | undefined }>;

export function aliasStore(): MemoryAliases {
  const aliases = new Map<string, Alias>();
  return {
    peek: (host) => aliases.get(host),
    get: async (host) => structuredClone(aliases.get(host)),
    compareAndSet: async (alias) => {
      if ((aliases.get(alias.host)?.revision ?? 0) !== alias.revision - 1) return false;
      aliases.set(alias.host, structuredClone(alias));
      return true;
    },
    remove: async (host) => void aliases.delete(host),
    expireRemoved: async () => undefined,
    listByProject: async (projectId) =>
      structuredClone([...aliases.values()].filter((alias) => alias.projectId === projectId)),
    page: async (projectId, page) => {
      const all = [...aliases.values()]
        .filter((alias) => alias.projectId === projectId)
        .sort((a, b) => (a.host < b.host ? -1 : 1));
      return pageOf(
        all,
        (alias) => alias.host,
        page,
        (alias) => structuredClone(alias),
      );
    },
  };
}
