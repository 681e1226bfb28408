import { readFile } from 'node:fs/promises';
import { createClient } from '@anchor/client/http/client.ts';
import { command, type Outcome } from '../framework/command.ts';
import { DEFAULT_URL, type Context } from '../framework/context.ts';
import { originOf } from '../framework/origin.ts';
import { commandError } from '../framework/problem.ts';
import { prompting } from '../framework/prompter.ts';
import { storeLogin } from '../framework/store-login.ts';

export const login = command({
  name: 'login',
  summary: 'Log in to a platform with a token, or with e-mail address and password',
  details:
    'They are read from --token-file, a pipe (a line each) or a prompt; never from the command line, which other users of\nthe machine can see. A password is not stored: it makes a session (anchor sessions list). The token is stored in\n~/.config/anchor/credentials.json (mode 0600).',
  arguments: [{ name: 'address', help: `the platform (default ${DEFAULT_URL})`, optional: true }],
  options: { tokenFile: { kind: 'text', value: 'file', help: 'read the token from this file' } },
  examples: [
    'anchor login http://127.0.0.1:7400 --token-file ~/.anchor/admin-token',
    'echo "$TOKEN" | anchor login https://deploy.example.com',
  ],
  async run(context, { address, tokenFile }) {
    const origin = originOf(address ?? context.environment.url ?? DEFAULT_URL);
    if (!origin.ok) return origin;
    if (tokenFile !== undefined) {
      const text = await readFile(tokenFile, 'utf8').catch(() => undefined);
      return text === undefined
        ? commandError('usage', `Cannot read ${tokenFile}.`, 'Check the path and the owner of the file.')
        : byToken(context, origin.value, text);
    }
    return prompting(context, async (prompter) => {
      const first = await prompter.read(`E-mail address for ${origin.value} (none: use a token): `);
      if (!first.includes('@')) return byToken(context, origin.value, first || (await prompter.read('Token: ', true)));
      const password = await prompter.read('Password: ', true);
      const signedIn = await createClient({ baseUrl: origin.value }).sessions.create(
        { email: first, password, kind: 'token' },
        { signal: context.signal },
      );
      return signedIn.ok ? storeLogin(context, origin.value, signedIn.value.token ?? '') : signedIn;
    });
  },
});

async function byToken(context: Context, url: string, text: string): Promise<Outcome> {
  const token = text.trim();
  return /^\S+$/.test(token)
    ? storeLogin(context, url, token)
    : commandError(
        'usage',
        'This is not a token.',
        'Enter it in one line, without spaces. ./up prints one; anchor tokens create makes more.',
      );
}
