import { createClient } from '@anchor/client/http/client.ts';
import { command, success } from '../framework/command.ts';
import { readCredentials, writeCredentials } from '../framework/credentials.ts';
import { originOf } from '../framework/origin.ts';

const LOGOUT_MS = 5_000;

export const logout = command({
  name: 'logout',
  summary: 'Remove the stored token of a platform',
  details:
    'A session that anchor login made with a password ends. A token stays valid; anchor tokens revoke revokes it.',
  arguments: [{ name: 'address', help: 'the platform (default: the last one logged in at)', optional: true }],
  examples: ['anchor logout', 'anchor logout https://deploy.example.com'],
  async run({ environment, signal }, { address }) {
    const credentials = await readCredentials(environment.credentialsFile);
    if (!credentials.ok) return credentials;
    const origin = address === undefined ? undefined : originOf(address);
    if (origin !== undefined && !origin.ok) return origin;
    const url = origin?.value ?? credentials.value.default;
    if (url === undefined || credentials.value.tokens[url] === undefined)
      return success({ url: url ?? null, removed: false }, 'There was no stored token.');
    const { [url]: token, ...tokens } = credentials.value.tokens;
    // Best effort: a platform that is away must not keep the token here.
    if (token?.startsWith('ans_') === true)
      await createClient({ baseUrl: url, token }).sessions.removeCurrent(
        {},
        { signal: AbortSignal.any([signal, AbortSignal.timeout(LOGOUT_MS)]) },
      );
    const other = credentials.value.default === url ? Object.keys(tokens)[0] : credentials.value.default;
    const written = await writeCredentials(environment.credentialsFile, {
      ...(other === undefined ? {} : { default: other }),
      tokens,
    });
    return written.ok ? success({ url, removed: true }, `Logged out at ${url}.`) : written;
  },
});
