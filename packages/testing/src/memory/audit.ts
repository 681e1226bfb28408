import type { AuditEntry } from '@anchor/core/audit/audit-entry.ts';
import type { AuditStore } from '@anchor/core/ports/audit-store.ts';
import { collection } from './collection.ts';

type Item = AuditEntry & Readonly<{ version: number }>;

function withoutVersion(item: Item): AuditEntry {
  const { version: _, ...entry } = item;
  return entry;
}

export function auditStore(): AuditStore {
  const items = collection<Item>(({ id }) => id);
  return {
    begin: async (entry) => {
      if (!items.add({ ...entry, version: 1 })) throw new Error(`the audit log has an entry ${entry.id}`);
    },
    complete: async (id, result) => {
      const entry = items.peek(id);
      return entry?.outcome === 'started' && (await items.replace({ ...entry, ...result, version: 2 }));
    },
    list: async ({ projectId, teamId, actorId, action }, request) => {
      const page = items.page(
        ({ actor, ...entry }) =>
          (projectId === undefined || entry.projectId === projectId) &&
          (teamId === undefined || entry.teamId === teamId) &&
          (actorId === undefined || ('id' in actor && actor.id === actorId)) &&
          (action === undefined || entry.action === action),
        ({ at }) => at,
        request,
      );
      return { ...page, items: page.items.map(withoutVersion) };
    },
    expire: async (before) => {
      for (const { id } of items.where(({ at }) => at < before)) await items.remove(id);
    },
  };
}
