import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Option } from './command.ts';
import type { Context } from './context.ts';
import { refuse } from './problem.ts';

export const ENVIRONMENT_OPTION = { kind: 'text', short: 'e', value: 'name', help: 'the environment (default production)' } as const satisfies Option;
export const SCOPE_OPTION = { kind: 'text', value: 'scope', help: 'build, run or both (default both)' } as const satisfies Option;

const SCOPES = ['build', 'run', 'both'] as const;
type Scope = (typeof SCOPES)[number];

export function parseScope(text: string | undefined): ApiResult<Scope | undefined> {
  const scope = SCOPES.find((name) => name === text);
  return text !== undefined && scope === undefined ? refuse('usage', `"${text}" is not a scope.`, `Use one of ${SCOPES.join(', ')}.`) : { ok: true, value: scope };
}

/** What the browser gets to see anyway is no secret; everything else is, unless a person says otherwise. */
const PUBLIC = /^(?:NEXT_PUBLIC_|VITE_|PUBLIC_|REACT_APP_|NUXT_PUBLIC_)|^(?:NODE_ENV|TZ|PORT)$/;
export const isSecretName = (name: string): boolean => !PUBLIC.test(name);

/** The client and the place that an `env` command works on. */
export async function variablesOf(context: Context, environment: string | undefined): Promise<ApiResult<Readonly<{ client: Client; where: Readonly<{ project: string; environment: string }> }>>> {
  const client = await context.client();
  if (!client.ok) return client;
  const project = await context.project();
  if (!project.ok) return project;
  return { ok: true, value: { client: client.value, where: { project: project.value, environment: environment ?? 'production' } } };
}
