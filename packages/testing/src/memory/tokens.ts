import type { TokenStore } from '@anchor/core/ports/stores.ts';
import type { Token } from '@anchor/core/tokens/token.ts';
import { collection } from './collection.ts';

export function tokenStore(): TokenStore {
  const items = collection<Token>((token) => token.hash);
  return {
    ...items,
    byHash: async (hash) => items.where((token) => token.hash === hash)[0],
    list: async (page, teamId) =>
      items.page(
        (token) => teamId === undefined || token.teamId === teamId,
        (token) => token.createdAt,
        page,
      ),
  };
}
