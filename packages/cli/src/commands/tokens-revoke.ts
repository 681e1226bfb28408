import { command, success } from '../framework/command.ts';

export const tokensRevoke = command({
  name: 'tokens revoke',
  summary: 'Revoke an access token at once',
  arguments: [{ name: 'token', help: 'its id, tok_…' }],
  options: { team: { kind: 'text', value: 'team', help: 'the team that it belongs to' } },
  examples: ['anchor tokens revoke tok_0mi9zq5k2x4b7c1d3e5f'],
  async run(context, { token, team }) {
    const client = await context.client();
    if (!client.ok) return client;
    const removed = await client.value.tokens.remove({ token, team }, { signal: context.signal });
    return removed.ok ? success({ revoked: token }, `Revoked ${token}`) : removed;
  },
});
