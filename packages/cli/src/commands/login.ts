import { readFile } from 'node:fs/promises';
import { createClient } from '@anchor/client/http/client.ts';
import { command, success } from '../framework/command.ts';
import { DEFAULT_URL } from '../framework/context.ts';
import { readCredentials, writeCredentials } from '../framework/credentials.ts';
import { originOf } from '../framework/origin.ts';
import { commandError } from '../framework/problem.ts';
import { readSecret } from '../framework/read-secret.ts';

export const login = command({
  name: 'login',
  summary: 'Log in to a platform with a token',
  details:
    'The token is read from --token-file, a pipe or a prompt; never from the command line,\nwhich other users of the machine can see. It is stored in ~/.config/anchor/credentials.json (mode 0600).',
  arguments: [{ name: 'address', help: `the platform (default ${DEFAULT_URL})`, optional: true }],
  options: { tokenFile: { kind: 'text', value: 'file', help: 'read the token from this file' } },
  examples: [
    'anchor login http://127.0.0.1:7400 --token-file ~/.anchor/admin-token',
    'echo "$TOKEN" | anchor login https://deploy.example.com',
  ],
  async run(context, { address, tokenFile }) {
    const origin = originOf(address ?? context.environment.url ?? DEFAULT_URL);
    if (!origin.ok) return origin;
    const token =
      tokenFile === undefined
        ? await readSecret(context, `Token for ${origin.value}: `)
        : await readFile(tokenFile, 'utf8').catch(() => undefined);
    if (token === undefined)
      return commandError('usage', `Cannot read ${tokenFile ?? ''}.`, 'Check the path and the owner of the file.');
    if (!/^\S+$/.test(token.trim()))
      return commandError(
        'usage',
        'This is not a token.',
        'Enter it in one line, without spaces. ./up prints one; anchor tokens create makes more.',
      );
    const response = await createClient({ baseUrl: origin.value, token: token.trim() }).tokens.current(
      {},
      { signal: context.signal },
    );
    if (!response.ok) return response;
    const before = await readCredentials(context.environment.credentialsFile);
    const tokens = before.ok ? before.value.tokens : {};
    const written = await writeCredentials(context.environment.credentialsFile, {
      default: origin.value,
      tokens: { ...tokens, [origin.value]: token.trim() },
    });
    if (!written.ok) return written;
    return success(
      { url: origin.value, token: response.value },
      `Logged in at ${origin.value} with the token "${context.out.safe(response.value.name)}" (scope ${response.value.scope}).`,
    );
  },
});
