import { newId, type ProjectId } from '../names/id.ts';
import {
  parseBranchName,
  parseEnvironmentName,
  parseVariableName,
  PRODUCTION,
  type BranchName,
  type EnvironmentName,
} from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { RESERVED_VARIABLES, SYSTEM_VARIABLE_PREFIX, type Variable } from './variable.ts';
import { variableContext } from './snapshot.ts';

export type VariableInput = Readonly<{ name: string; value: string; secret?: boolean; scope?: Variable['scope'] }>;

const MAX_VALUE_BYTES = 64 * 1024;
const MAX_VARIABLES = 1_000;
/**
 * Limit of all values of an environment, sealed. A process accepts 2 MB at most, and every value is redacted in every
 * log.
 */
const MAX_SEALED_CHARS = 4 * 1024 * 1024;
/** Returns the length after encryption: base64, with a key's number and a tag. */
const sealedChars = (value: string): number => Math.ceil((new TextEncoder().encode(value).length * 4) / 3) + 64;

/** The variables of an environment, or with `branch` those of one of its branches alone. */
type VariableScope = Readonly<{ projectId: ProjectId; environment: EnvironmentName; branch?: BranchName }>;

/**
 * Sets variables of one environment or of one branch in it; with `replace`, removes those not named. All are checked
 * before the first is written. They take effect at the next deployment.
 */
export const putVariables =
  (ports: Pick<Ports, 'projects' | 'variables' | 'secrets' | 'clock'>) =>
  async (
    input: Readonly<{
      projectId: ProjectId;
      environment: string;
      branch?: string;
      variables: readonly VariableInput[];
      replace?: boolean;
    }>,
  ): Promise<Result<readonly Variable[]>> => {
    const environment = parseEnvironmentName(input.environment);
    if (!environment.ok) return environment;
    if ((await ports.projects.get(input.projectId)) === undefined)
      return fail('not_found', 'There is no such project', 'List projects with: anchor projects list');
    const branch = input.branch === undefined ? ok(undefined) : parseBranchName(input.branch);
    if (!branch.ok) return branch;
    if (branch.value !== undefined && environment.value === PRODUCTION)
      return fail(
        'invalid_input',
        'Production has no variables of single branches',
        'Set it without a branch: anchor env set NAME=value; or for the previews of the branch: anchor env set NAME=value -e preview --branch NAME.',
      );
    const scope: VariableScope = {
      projectId: input.projectId,
      environment: environment.value,
      ...(branch.value === undefined ? {} : { branch: branch.value }),
    };
    const names = new Set<string>();
    for (const variable of input.variables) {
      const checked = check(variable);
      if (!checked.ok) return checked;
      if (names.has(variable.name))
        return fail('invalid_input', `${variable.name} is named twice`, 'Name each variable once.');
      names.add(variable.name);
    }
    const all = await ports.variables.list(input.projectId, environment.value);
    const existing = all.filter((old) => old.branch === scope.branch);
    const gone = new Set(existing.filter((old) => names.has(old.name) || input.replace === true));
    const remaining = all.filter((old) => !gone.has(old));
    if (remaining.length + names.size > MAX_VARIABLES)
      return fail(
        'too_large',
        `An environment may have at most ${MAX_VARIABLES} variables`,
        'Remove some of them: anchor env unset NAME.',
      );
    const chars =
      remaining.reduce((sum, old) => sum + old.sealed.length, 0) +
      input.variables.reduce((sum, { value }) => sum + sealedChars(value), 0);
    if (chars > MAX_SEALED_CHARS)
      return fail(
        'too_large',
        'The variables of an environment may have at most 3 MB',
        'Put large values into files of the repository or a bucket.',
      );
    const written: Variable[] = [];
    for (const variable of input.variables) written.push(await put(ports, scope, existing, variable));
    if (input.replace === true)
      for (const old of existing) if (!names.has(old.name)) await ports.variables.remove(old.id);
    return ok(written);
  };

async function put(
  ports: Pick<Ports, 'variables' | 'secrets' | 'clock'>,
  scope: VariableScope,
  existing: readonly Variable[],
  input: VariableInput,
): Promise<Variable> {
  const name = parseVariableName(input.name);
  if (!name.ok) throw new Error('checked before');
  const now = ports.clock.now();
  const sealed = await ports.secrets.seal(input.value, variableContext({ ...scope, name: name.value }));
  let old = existing.find((candidate) => candidate.name === name.value);
  for (;;) {
    const next: Variable = {
      id: old?.id ?? newId('var', now),
      ...scope,
      name: name.value,
      sealed,
      secret: input.secret ?? old?.secret ?? true,
      scope: input.scope ?? old?.scope ?? 'both',
      updatedAt: now,
      version: (old?.version ?? 0) + 1,
    };
    if (old === undefined ? await ports.variables.insert(next) : await ports.variables.replace(next)) return next;
    old = (await ports.variables.list(scope.projectId, scope.environment)).find(
      (candidate) => candidate.name === name.value && candidate.branch === scope.branch,
    );
  }
}

function check(variable: VariableInput): Result<void> {
  const name = parseVariableName(variable.name);
  if (!name.ok) return name;
  if (variable.name.startsWith(SYSTEM_VARIABLE_PREFIX))
    return fail(
      'invalid_input',
      `${variable.name} is set by the platform`,
      `Choose a name that does not start with ${SYSTEM_VARIABLE_PREFIX}.`,
    );
  if (RESERVED_VARIABLES.includes(variable.name))
    return fail(
      'invalid_input',
      `${variable.name} cannot be set`,
      'Set it inside your own scripts: it changes how the platform starts your code.',
    );
  if (variable.value.includes('\0'))
    return fail(
      'invalid_input',
      `The value of ${variable.name} has a NUL character`,
      'Encode the value, for example in base64: environment variables cannot hold NUL characters.',
    );
  if (new TextEncoder().encode(variable.value).length > MAX_VALUE_BYTES)
    return fail(
      'too_large',
      `The value of ${variable.name} is larger than 64 KiB`,
      'Put it into a file of the repository or a bucket.',
    );
  return ok(undefined);
}

/** Removes a variable; false when there is none of that name. */
export const removeVariable =
  (ports: Pick<Ports, 'variables'>) =>
  async (
    input: Readonly<{ projectId: ProjectId; environment: EnvironmentName; branch?: string; name: string }>,
  ): Promise<boolean> => {
    const variable = (await ports.variables.list(input.projectId, input.environment)).find(
      (candidate) => candidate.name === input.name && candidate.branch === input.branch,
    );
    if (variable === undefined) return false;
    await ports.variables.remove(variable.id);
    return true;
  };

/** A variable with its value where it may be read: secrets are write-only. */
export type ReadableVariable = Readonly<{ variable: Variable; value?: string }>;
export const readVariables =
  (ports: Pick<Ports, 'variables' | 'secrets'>) =>
  async (projectId: ProjectId, environment: EnvironmentName): Promise<Result<readonly ReadableVariable[]>> => {
    const readable: ReadableVariable[] = [];
    for (const variable of await ports.variables.list(projectId, environment)) {
      if (variable.secret) {
        readable.push({ variable });
        continue;
      }
      const value = await ports.secrets.open(variable.sealed, variableContext(variable));
      if (!value.ok) return value;
      readable.push({ variable, value: value.value });
    }
    return ok(readable);
  };
