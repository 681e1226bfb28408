import { newId, type ProjectId } from '../names/id.ts';
import { parseEnvironmentName, parseVariableName, type EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { REFUSED_VARIABLES, SYSTEM_VARIABLE_PREFIX, type Variable } from './variable.ts';
import { variableContext } from './snapshot.ts';

export type VariableInput = Readonly<{ name: string; value: string; secret?: boolean; scope?: Variable['scope'] }>;

const MAX_VALUE_BYTES = 64 * 1024;
const MAX_VARIABLES = 1_000;

/** Sets variables of one environment; with `replace`, removes those not named. All are checked before the first is written. They take effect at the next deployment. */
export const putVariables =
  (ports: Pick<Ports, 'projects' | 'variables' | 'secrets' | 'clock'>) =>
  async (input: Readonly<{ projectId: ProjectId; environment: string; variables: readonly VariableInput[]; replace?: boolean }>): Promise<Result<readonly Variable[]>> => {
    const environment = parseEnvironmentName(input.environment);
    if (!environment.ok) return environment;
    if ((await ports.projects.get(input.projectId)) === undefined) return fail('not_found', 'There is no such project', 'List projects with: anchor projects list');
    const names = new Set<string>();
    for (const variable of input.variables) {
      const checked = check(variable);
      if (!checked.ok) return checked;
      if (names.has(variable.name)) return fail('invalid_input', `${variable.name} is named twice`, 'Name each variable once.');
      names.add(variable.name);
    }
    const existing = await ports.variables.list(input.projectId, environment.value);
    const kept = input.replace === true ? 0 : existing.filter((old) => !names.has(old.name)).length;
    if (kept + names.size > MAX_VARIABLES) return fail('too_large', `An environment holds at most ${MAX_VARIABLES} variables`, 'Remove some first.');
    const written: Variable[] = [];
    for (const variable of input.variables) written.push(await put(ports, input.projectId, environment.value, existing, variable));
    if (input.replace === true) for (const old of existing) if (!names.has(old.name)) await ports.variables.remove(old.id);
    return ok(written);
  };

async function put(ports: Pick<Ports, 'variables' | 'secrets' | 'clock'>, projectId: ProjectId, environment: EnvironmentName, existing: readonly Variable[], input: VariableInput): Promise<Variable> {
  const name = parseVariableName(input.name);
  if (!name.ok) throw new Error('checked before');
  const now = ports.clock.now();
  const sealed = await ports.secrets.seal(input.value, variableContext(projectId, environment, name.value));
  let old = existing.find((candidate) => candidate.name === name.value);
  for (;;) {
    const next: Variable = {
      id: old?.id ?? newId('var', now), projectId, environment, name: name.value, sealed,
      secret: input.secret ?? old?.secret ?? true, scope: input.scope ?? old?.scope ?? 'both', updatedAt: now, version: (old?.version ?? 0) + 1,
    };
    if (old === undefined ? await ports.variables.insert(next) : await ports.variables.replace(next)) return next;
    old = (await ports.variables.list(projectId, environment)).find((candidate) => candidate.name === name.value);
  }
}

function check(variable: VariableInput): Result<void> {
  const name = parseVariableName(variable.name);
  if (!name.ok) return name;
  if (variable.name.startsWith(SYSTEM_VARIABLE_PREFIX)) return fail('invalid_input', `${variable.name} is set by the platform`, `Choose a name that does not start with ${SYSTEM_VARIABLE_PREFIX}.`);
  if (REFUSED_VARIABLES.includes(variable.name)) return fail('invalid_input', `${variable.name} can not be set`, 'It would change how the platform starts your code; set it inside your own scripts if you must.');
  if (variable.value.includes('\0')) return fail('invalid_input', `The value of ${variable.name} has a NUL character`, 'Environment variables can not hold one; encode it, for example in base64.');
  if (new TextEncoder().encode(variable.value).length > MAX_VALUE_BYTES) return fail('too_large', `The value of ${variable.name} is larger than 64 KiB`, 'Put it into a file of the repository or a bucket.');
  return ok(undefined);
}

/** Removes a variable; false when there is none of that name. */
export const removeVariable =
  (ports: Pick<Ports, 'variables'>) =>
  async (input: Readonly<{ projectId: ProjectId; environment: EnvironmentName; name: string }>): Promise<boolean> => {
    const variable = (await ports.variables.list(input.projectId, input.environment)).find((candidate) => candidate.name === input.name);
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
      const value = await ports.secrets.open(variable.sealed, variableContext(projectId, environment, variable.name));
      if (!value.ok) return value;
      readable.push({ variable, value: value.value });
    }
    return ok(readable);
  };
