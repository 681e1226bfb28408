import type { Domain } from '@anchor/core/domains/domain.ts';
import type { DomainStore } from '@anchor/core/ports/domain-store.ts';
import { collection } from './collection.ts';

export function domainStore(): DomainStore {
  const items = collection<Domain>((domain) => `${domain.projectId} ${domain.name}`);
  const held = (domain: Domain): boolean =>
    domain.holder &&
    items.where(({ id, name, holder }) => holder && name === domain.name && id !== domain.id).length > 0;
  const dueAt = ({ nextCheckAt = 0, observed }: Domain): number => (observed === undefined ? 0 : nextCheckAt);
  const isWithin = (parent: string, { name }: Domain): boolean => name === parent || name.endsWith(`.${parent}`);
  return {
    ...items,
    insert: async (domain) => !held(domain) && items.add(domain),
    async admit(domain, within, heldSince) {
      const claims = items.where(
        (other) =>
          other.projectId !== domain.projectId &&
          isWithin(within, other) &&
          (other.holder || (other.removedAt ?? 0) > heldSince),
      );
      if (claims.length > 0) return 'claimed';
      if (held(domain)) return 'refused';
      const stored = domain.version === 1 ? items.add(domain) : await items.replace(domain);
      return stored ? 'stored' : 'refused';
    },
    replace: async (domain) => !held(domain) && items.replace(domain),
    byName: async (name) => items.where((domain) => domain.name === name),
    list: async (projectId, page) =>
      items.page(
        (domain) => domain.projectId === projectId && domain.state !== 'removed',
        (domain) => domain.createdAt,
        page,
      ),
    due: async (now, limit) =>
      items
        .where((domain) => domain.state !== 'removed' && domain.nextCheckAt !== undefined && dueAt(domain) <= now)
        .toSorted((a, b) => dueAt(a) - dueAt(b))
        .map((domain, i, all) => ({
          domain,
          turn: all.slice(0, i).filter(({ projectId }) => projectId === domain.projectId).length,
        }))
        .toSorted((a, b) => a.turn - b.turn || dueAt(a.domain) - dueAt(b.domain))
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
