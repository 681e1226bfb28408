import { createClient } from '@anchor/client/http/client.ts';
import type { Caller } from '@anchor/client/schemas/people.ts';
import { success, type Outcome } from './command.ts';
import type { Context } from './context.ts';
import { readCredentials, writeCredentials } from './credentials.ts';

/** Checks a token at its platform, and stores it as the one in use. */
export async function storeLogin(context: Context, url: string, token: string): Promise<Outcome> {
  const response = await createClient({ baseUrl: url, token }).people.current({}, { signal: context.signal });
  if (!response.ok) return response;
  const before = await readCredentials(context.environment.credentialsFile);
  const tokens = before.ok ? before.value.tokens : {};
  const written = await writeCredentials(context.environment.credentialsFile, {
    default: url,
    tokens: { ...tokens, [url]: token },
  });
  return written.ok
    ? success({ url, ...response.value }, `Logged in at ${url} ${nameOf(response.value, context)}.`)
    : written;
}

const nameOf = (caller: Caller, { out }: Context): string =>
  caller.kind === 'token'
    ? `with the token "${out.safe(caller.token.name)}" (scope ${caller.token.scope})`
    : `as ${out.safe(caller.person.email)}`;
