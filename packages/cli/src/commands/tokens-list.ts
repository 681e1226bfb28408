import { allPages } from '@anchor/client/http/all-pages.ts';
import type { Token } from '@anchor/client/schemas/token.ts';
import { command, success } from '../framework/command.ts';
import { table } from '../output/table.ts';
import { ago } from '../output/units.ts';

export const tokensList = command({
  name: 'tokens list',
  summary: 'List access tokens, without their values',
  options: { team: { kind: 'text', value: 'team', help: 'only tokens of this team' } },
  examples: ['anchor tokens list'],
  async run(context, { team }) {
    const client = await context.client();
    if (!client.ok) return client;
    const items: Token[] = [];
    for await (const token of allPages((cursor) =>
      client.value.tokens.list({ limit: 100, cursor, team }, { signal: context.signal }),
    )) {
      if (!token.ok) return token;
      items.push(token.value);
    }
    const now = Date.now();
    const rows = items.map((item) => [
      item.id,
      context.out.safe(item.name),
      item.scope,
      item.projectId ?? item.teamId ?? 'all',
      item.expiresAt === undefined ? 'never' : new Date(item.expiresAt).toISOString().slice(0, 10),
      item.lastUsedAt === undefined ? 'never' : ago(item.lastUsedAt, now),
    ]);
    return success({ items }, ...table(['token', 'name', 'scope', 'project', 'expires', 'used'], rows));
  },
});
