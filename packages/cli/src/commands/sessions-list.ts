import { command, success } from '../framework/command.ts';
import { table } from '../output/table.ts';
import { ago } from '../output/units.ts';

export const sessionsList = command({
  name: 'sessions list',
  summary: 'List where you are signed in',
  examples: ['anchor sessions list'],
  async run(context) {
    const client = await context.client();
    if (!client.ok) return client;
    const sessions = await client.value.sessions.list({}, { signal: context.signal });
    if (!sessions.ok) return sessions;
    const rows = sessions.value.items.map((item) => [
      item.id,
      item.kind === 'browser' ? 'browser' : 'command line',
      item.address,
      context.out.safe(item.userAgent.slice(0, 60)),
      item.current ? 'this one' : ago(item.lastUsedAt, Date.now()),
      new Date(item.expiresAt).toISOString().slice(0, 10),
    ]);
    return success(sessions.value, ...table(['session', 'kind', 'address', 'program', 'used', 'until'], rows));
  },
});
