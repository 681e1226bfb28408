import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenStore } from '@anchor/core/ports/stores.ts';
import type { Token } from '@anchor/core/tokens/token.ts';
import { using, type Make } from '../harness.ts';
import { sampleToken } from '../samples.ts';
import { lists } from './paging.ts';
import { storeContract } from './store.ts';

export function tokenStoreContract(name: string, make: Make<TokenStore>): void {
  storeContract<Token, TokenStore>(name, make, {
    sample: sampleToken,
    change: (token) => ({ ...token, lastUsedAt: token.createdAt + 1 }),
    withSameKey: (token) => sampleToken({ hash: token.hash }),
  });

  test(
    `${name}: a token is found by its hash until it is removed`,
    using(make, async ({ subject }) => {
      const token = sampleToken();
      await subject.insert(token);
      assert.deepEqual(await subject.byHash(token.hash), token);
      await subject.remove(token.id);
      assert.equal(await subject.byHash(token.hash), undefined);
    }),
  );

  test(
    `${name}: tokens are listed page by page, newest first`,
    using(make, async ({ subject }) => {
      const tokens = [1, 2, 3, 4].map(() => sampleToken());
      for (const token of tokens) await subject.insert(token);
      await lists((page) => subject.list(page), tokens.toReversed());
    }),
  );
}
