import { fail, ok, type Result } from '@anchor/core/result/result.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Refuses what is not a name of a sandbox, or the name of one that runs. */
export function checkSandboxName(name: string, live: ReadonlySet<string>): Result<void> {
  if (!NAME.test(name))
    return fail(
      'invalid_input',
      `"${name.slice(0, 60)}" is not a name of a sandbox`,
      'Use 1 to 40 of a–z, 0–9 and "-".',
    );
  if (live.has(name))
    return fail('already_exists', `A sandbox named ${name} runs already`, 'Destroy it first, or use another name.');
  return ok(undefined);
}
