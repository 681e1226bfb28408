import type { Domain } from '@anchor/core/domains/domain.ts';
import type { DomainStore } from '@anchor/core/ports/domain-store.ts';
import { collection } from './collection.ts';

export function domainStore(): DomainStore {
  const items = collection<Domain>((domain) => `${domain.projectId} ${domain.name}`);
  const held = (domain: Domain): boolean =>
    domain.holder &&
    items.where(({ id, name, holder }) => holder && name === domain.name && id !== domain.id).length > 0;
  return {
    ...items,
    insert: async (domain) => !held(domain) && items.add(domain),
    replace: async (domain) => !held(domain) && items.replace(domain),
    byName: async (name) => items.where((domain) => domain.name === name),
    othersWithin: async (parent, projectId) =>
      items.where(
        (domain) => domain.projectId !== projectId && (domain.name === parent || domain.name.endsWith(`.${parent}`)),
      ),
    list: async (projectId, page) =>
      items.page(
        (domain) => domain.projectId === projectId && domain.state !== 'removed',
        (domain) => domain.createdAt,
        page,
      ),
    due: async (now, limit) =>
      items
        .where(({ nextCheckAt, state }) => state !== 'removed' && nextCheckAt !== undefined && nextCheckAt <= now)
        .toSorted((a, b) => (a.nextCheckAt ?? 0) - (b.nextCheckAt ?? 0))
        .map((domain, i, all) => ({
          domain,
          turn: all.slice(0, i).filter(({ projectId }) => projectId === domain.projectId).length,
        }))
        .toSorted((a, b) => a.turn - b.turn)
        .map(({ domain }) => domain)
        .slice(0, limit),
    holders: async () => items.where(({ holder }) => holder),
    async expireRemoved(before) {
      for (const { id } of items.where(
        ({ state, removedAt }) => state === 'removed' && removedAt !== undefined && removedAt < before,
      ))
        await items.remove(id);
    },
  };
}
