import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';

export const sessionsRevoke = command({
  name: 'sessions revoke',
  summary: 'End one of your sessions, or all others',
  arguments: [{ name: 'session', help: 'its id, ses_…', optional: true }],
  options: { others: { kind: 'flag', help: 'end all but this one' } },
  examples: ['anchor sessions revoke ses_0mi9zq5k2x4b7c1d3e5f', 'anchor sessions revoke --others'],
  async run(context, { session, others }) {
    if ((session === undefined) === !others)
      return commandError('usage', 'Which session?', 'Name one of anchor sessions list, or use --others.');
    const client = await context.client();
    if (!client.ok) return client;
    const ended =
      session === undefined
        ? await client.value.sessions.removeOthers({}, { signal: context.signal })
        : await client.value.sessions.remove({ session }, { signal: context.signal });
    return ended.ok
      ? success(
          { revoked: session ?? 'others' },
          session === undefined ? 'Ended all other sessions' : `Ended ${session}`,
        )
      : ended;
  },
});
