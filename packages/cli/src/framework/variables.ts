import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Option } from './command.ts';
import type { Context } from './context.ts';
import { nearest } from './nearest.ts';
import { commandError } from './problem.ts';

export const ENVIRONMENT_OPTION = {
  kind: 'text',
  short: 'e',
  value: 'name',
  help: 'the environment (default production)',
} as const satisfies Option;
export const SCOPE_OPTION = {
  kind: 'text',
  value: 'scope',
  help: 'build, run or both (default both)',
} as const satisfies Option;

export const BRANCH_OPTION = {
  kind: 'text',
  value: 'name',
  help: 'only for deployments of this branch (environment: preview unless -e names another)',
} as const satisfies Option;

const SCOPES = ['build', 'run', 'both'] as const;
type Scope = (typeof SCOPES)[number];

export function parseScope(text: string | undefined): ApiResult<Scope | undefined> {
  const scope = SCOPES.find((name) => name === text);
  return text !== undefined && scope === undefined
    ? commandError('usage', `"${text}" is not a scope.`, `Use one of ${SCOPES.join(', ')}.`)
    : { ok: true, value: scope };
}

/** A value that browsers receive anyway is not a secret; every other one is, unless the user marks it as plain. */
const PUBLIC = /^(?:NEXT_PUBLIC_|VITE_|PUBLIC_|REACT_APP_|NUXT_PUBLIC_)|^(?:NODE_ENV|TZ|PORT)$/;
export const isSecretName = (name: string): boolean => !PUBLIC.test(name);

export const NEW_STAGE_OPTION = {
  kind: 'flag',
  help: 'the stage is new: nothing is deployed to it yet',
} as const satisfies Option;

/** Returns the advice that makes changed variables take effect. */
export function nextDeployment({ where, branch }: Pick<VariableTarget, 'where' | 'branch'>, variables: number): string {
  const redeployFlag =
    branch.branch !== undefined
      ? ` --branch ${branch.branch}`
      : where.environment === 'production'
        ? ''
        : ` -e ${where.environment}`;
  return `The next deployment has ${variables === 1 ? 'it' : 'them'}: git push, or anchor redeploy${redeployFlag} to build the newest one again now`;
}

/**
 * Refuses an environment that the project does not have, with the name that was probably meant; undefined when it is
 * known.
 */
export async function unknownStage(
  context: Context,
  { client, where }: VariableTarget,
): Promise<ReturnType<typeof commandError> | undefined> {
  const listed = await client.environments.list({ project: where.project }, { signal: context.signal });
  // The next call fails in the same way and reports it.
  if (!listed.ok) return undefined;
  const names = listed.value.items.map(({ name }) => name);
  if (names.includes(where.environment)) return undefined;
  const near = nearest(where.environment, names);
  return commandError(
    'usage',
    `${where.project} has no environment ${where.environment.slice(0, 80)}${near === undefined ? '' : `. Did you mean ${near}?`}`,
    near === undefined
      ? `Use one of ${names.join(', ')}; for a stage that is new, give --new-stage.`
      : `Give -e ${near}, or --new-stage if the stage is new; the others are ${names.filter((name) => name !== near).join(', ')}.`,
  );
}

type VariableTarget = Readonly<{
  client: Client;
  where: Readonly<{ project: string; environment: string }>;
  branch: Readonly<{ branch?: string }>;
  /** The target in words. */
  called: string;
}>;

/**
 * Returns the client and the target that an `env` command works on. A branch has no variables in production, so it
 * means preview.
 */
export async function variablesOf(
  context: Context,
  named: string | undefined,
  branch?: string,
): Promise<ApiResult<VariableTarget>> {
  const client = await context.client();
  if (!client.ok) return client;
  const project = await context.project();
  if (!project.ok) return project;
  const environment = named ?? (branch === undefined ? 'production' : 'preview');
  return {
    ok: true,
    value: {
      client: client.value,
      where: { project: project.value, environment },
      branch: branch === undefined ? {} : { branch },
      called: branch === undefined ? environment : `${environment} for the branch ${branch}`,
    },
  };
}
