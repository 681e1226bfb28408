import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createClient } from '@anchor/client/http/client.ts';
import { command } from '../framework/command.ts';
import { DEFAULT_URL } from '../framework/context.ts';
import { originOf } from '../framework/origin.ts';
import { commandError } from '../framework/problem.ts';
import { prompting } from '../framework/prompter.ts';
import { storeLogin } from '../framework/store-login.ts';

export const join = command({
  name: 'join',
  summary: 'Accept an invitation, and log in',
  details:
    'Secret, e-mail address, name and password are read from a prompt, or a line each from a pipe; never from the command\nline, which other users of the machine can see. With an account, enter its password. After anchor people reset, the\nnew one.',
  arguments: [{ name: 'address', help: `the platform (default ${DEFAULT_URL})`, optional: true }],
  options: {
    invitationFile: { kind: 'text', value: 'file', help: 'read the secret of the invitation from this file' },
  },
  examples: ['anchor join https://deploy.example.com', 'anchor join --invitation-file ~/.anchor/first-owner'],
  async run(context, { address, invitationFile }) {
    const origin = originOf(address ?? context.environment.url ?? DEFAULT_URL);
    if (!origin.ok) return origin;
    const fromFile =
      invitationFile === undefined
        ? ''
        : await readFile(resolve(context.directory, invitationFile), 'utf8').catch(() => undefined);
    if (fromFile === undefined)
      return commandError('usage', `Cannot read ${invitationFile ?? ''}.`, 'Check the path and the owner of the file.');
    const { secret, email, name, password } = await prompting(context, async (prompter) => ({
      secret: invitationFile === undefined ? await prompter.read('Invitation: ', true) : fromFile.trim(),
      email: await prompter.read('E-mail address: '),
      name: await prompter.read('Name: '),
      password: await prompter.read('Password (at least 10 characters): ', true),
    }));
    if (secret === '' || email === '' || password === '')
      return commandError(
        'usage',
        'An invitation needs its secret, an e-mail address and a password.',
        'Enter them at the prompt, or pipe four lines: secret, address, name, password.',
      );
    const accepted = await createClient({ baseUrl: origin.value }).invitations.accept(
      { secret, email, password, kind: 'token', ...(name === '' ? {} : { name }) },
      { signal: context.signal },
    );
    return accepted.ok ? storeLogin(context, origin.value, accepted.value.token ?? '') : accepted;
  },
});
