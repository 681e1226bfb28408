import { readFile } from 'node:fs/promises';
import { createClient } from '@anchor/client/http/client.ts';
import { command, done } from '../framework/command.ts';
import { DEFAULT_URL } from '../framework/context.ts';
import { readCredentials, writeCredentials } from '../framework/credentials.ts';
import { originOf } from '../framework/origin.ts';
import { refuse } from '../framework/problem.ts';
import { readSecret } from '../framework/read-secret.ts';

export const login = command({
  name: 'login',
  summary: 'Keep a token for a platform',
  details: 'The token is read from --token-file, from a pipe, or asked for; never from the command line,\nwhich other users of the machine can see. It is kept in ~/.config/anchor/credentials.json (mode 0600).',
  arguments: [{ name: 'address', help: `the platform (default ${DEFAULT_URL})`, optional: true }],
  options: { tokenFile: { kind: 'text', value: 'file', help: 'read the token from this file' } },
  examples: ['anchor login http://127.0.0.1:7400 --token-file ~/.anchor/admin-token', 'echo "$TOKEN" | anchor login https://deploy.example.com'],
  async run(context, { address, tokenFile }) {
    const origin = originOf(address ?? context.environment.url ?? DEFAULT_URL);
    if (!origin.ok) return origin;
    const token = tokenFile === undefined ? await readSecret(context, `Token for ${origin.value}: `) : await readFile(tokenFile, 'utf8').catch(() => undefined);
    if (token === undefined) return refuse('usage', `${tokenFile ?? ''} can not be read.`, 'Check the path and who owns the file.');
    if (!/^\S+$/.test(token.trim())) return refuse('usage', 'That is not a token.', 'Give it in one line, without spaces. ./up shows one; anchor tokens create makes more.');
    const answer = await createClient({ baseUrl: origin.value, token: token.trim() }).tokens.current({}, { signal: context.signal });
    if (!answer.ok) return answer;
    const before = await readCredentials(context.environment.credentialsFile);
    const tokens = before.ok ? before.value.tokens : {};
    const written = await writeCredentials(context.environment.credentialsFile, { default: origin.value, tokens: { ...tokens, [origin.value]: token.trim() } });
    if (!written.ok) return written;
    return done({ url: origin.value, token: answer.value }, `Logged in at ${origin.value} with the token "${context.out.safe(answer.value.name)}" (scope ${answer.value.scope}).`);
  },
});
