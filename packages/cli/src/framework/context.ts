import { createClient, type Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Environment } from '../environment.ts';
import { readLink } from '../folder/link.ts';
import type { Output } from '../output/output.ts';
import { readCredentials } from './credentials.ts';
import { originOf } from './origin.ts';
import { commandError } from './problem.ts';

export const DEFAULT_URL = 'http://127.0.0.1:7400';

/** A platform and the token for it. */
export type Session = Readonly<{ url: string; token: string; from: 'environment' | 'credentials' }>;

/** The context of every command. Everything in it is read lazily. */
export type Context = Readonly<{
  directory: string;
  environment: Environment;
  out: Output;
  stdin: NodeJS.ReadStream;
  signal: AbortSignal;
  session(): Promise<ApiResult<Session>>;
  client(): Promise<ApiResult<Client>>;
  /** Returns the project that a command is about: --project, then ANCHOR_PROJECT, then the linked folder's. */
  project(): Promise<ApiResult<string>>;
}>;

export type Surroundings = Pick<Context, 'directory' | 'environment' | 'out' | 'stdin' | 'signal'> &
  Readonly<{ url?: string | undefined; project?: string | undefined }>;

export function makeContext(around: Surroundings): Context {
  const session = async (): Promise<ApiResult<Session>> => findSession(around);
  return {
    directory: around.directory,
    environment: around.environment,
    out: around.out,
    stdin: around.stdin,
    signal: around.signal,
    session,
    async client() {
      const found = await session();
      return found.ok
        ? { ok: true, value: createClient({ baseUrl: found.value.url, token: found.value.token }) }
        : found;
    },
    async project() {
      const named = around.project ?? around.environment.project;
      if (named !== undefined) return { ok: true, value: named };
      const link = await readLink(around.directory);
      if (!link.ok) return link;
      if (link.value === undefined)
        return commandError(
          'usage',
          'Which project?',
          'Name it with --project, or link this folder: anchor link <project>',
          'This folder is not linked to a project.',
        );
      const found = await session();
      if (!found.ok) return found;
      if (link.value.url !== found.value.url)
        return commandError(
          'conflict',
          `This folder is linked to ${link.value.url}, but the token is for ${found.value.url}.`,
          `Run: anchor login ${link.value.url}`,
        );
      return { ok: true, value: link.value.project };
    },
  };
}

/**
 * Finds the session. A token is only ever sent to the address that it was given for: a linked folder chooses among
 * known addresses, never a new one.
 */
async function findSession({ directory, environment, url }: Surroundings): Promise<ApiResult<Session>> {
  const wanted = url ?? environment.url;
  const parsed = wanted === undefined ? undefined : originOf(wanted);
  if (parsed !== undefined && !parsed.ok) return parsed;
  const credentials = await readCredentials(environment.credentialsFile);
  if (!credentials.ok) return credentials;
  if (environment.token !== undefined)
    return {
      ok: true,
      value: {
        url: parsed?.value ?? credentials.value.default ?? DEFAULT_URL,
        token: environment.token,
        from: 'environment',
      },
    };
  const link = await readLink(directory);
  const linked = link.ok ? link.value?.url : undefined;
  const chosen =
    parsed?.value ??
    (linked !== undefined && credentials.value.tokens[linked] !== undefined ? linked : credentials.value.default) ??
    DEFAULT_URL;
  const token = credentials.value.tokens[chosen];
  if (token === undefined)
    return commandError(
      'unauthenticated',
      `Not logged in at ${chosen}.`,
      `Run: anchor login ${chosen}    (or set ANCHOR_TOKEN)`,
    );
  return { ok: true, value: { url: chosen, token, from: 'credentials' } };
}
