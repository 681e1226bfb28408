import { command, success } from '../framework/command.ts';
import { prompting } from '../framework/prompter.ts';

export const password = command({
  name: 'password',
  summary: 'Change your password; your other sessions end',
  details: 'Both passwords are read from a prompt, or a line each from a pipe.',
  examples: ['anchor password'],
  async run(context) {
    const client = await context.client();
    if (!client.ok) return client;
    const passwords = await prompting(context, async (prompter) => ({
      current: await prompter.read('Current password: ', true),
      password: await prompter.read('New password (at least 10 characters): ', true),
    }));
    const changed = await client.value.people.changePassword(passwords, { signal: context.signal });
    return changed.ok
      ? success({ changed: true }, 'The password is changed. Your other sessions have ended.')
      : changed;
  },
});
