import { command, success } from '../framework/command.ts';
import { readCredentials, writeCredentials } from '../framework/credentials.ts';
import { originOf } from '../framework/origin.ts';

export const logout = command({
  name: 'logout',
  summary: 'Remove the stored token of a platform',
  details: 'The token itself stays valid; anchor tokens revoke revokes it.',
  arguments: [{ name: 'address', help: 'the platform (default: the last one logged in at)', optional: true }],
  examples: ['anchor logout', 'anchor logout https://deploy.example.com'],
  async run({ environment }, { address }) {
    const credentials = await readCredentials(environment.credentialsFile);
    if (!credentials.ok) return credentials;
    const origin = address === undefined ? undefined : originOf(address);
    if (origin !== undefined && !origin.ok) return origin;
    const url = origin?.value ?? credentials.value.default;
    if (url === undefined || credentials.value.tokens[url] === undefined)
      return success({ url: url ?? null, removed: false }, 'There was no stored token.');
    const { [url]: _forgotten, ...tokens } = credentials.value.tokens;
    const other = credentials.value.default === url ? Object.keys(tokens)[0] : credentials.value.default;
    const written = await writeCredentials(environment.credentialsFile, {
      ...(other === undefined ? {} : { default: other }),
      tokens,
    });
    return written.ok ? success({ url, removed: true }, `Logged out at ${url}.`) : written;
  },
});
