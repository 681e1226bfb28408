import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatVariable } from '../env-file/format.ts';
import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { ENVIRONMENT_OPTION, variablesOf } from '../framework/variables.ts';
import { count } from '../output/units.ts';

export const envPull = command({
  name: 'env pull',
  summary: "Write an environment's variables to a .env file",
  details:
    'Secrets are write-only: the file has their names as comments. An existing file is replaced only with --force. The file\nis readable by its owner only.',
  arguments: [{ name: 'file', help: 'the file, or - for standard output (default .env.local)', optional: true }],
  options: { environment: ENVIRONMENT_OPTION, force: { kind: 'flag', help: 'replace an existing file' } },
  project: true,
  examples: ['anchor env pull', 'anchor env pull .env.preview -e preview --force', 'anchor env pull - | grep API'],
  async run(context, { file, environment, force }) {
    const target = await variablesOf(context, environment);
    if (!target.ok) return target;
    const list = await target.value.client.variables.list(
      { ...target.value.where, reveal: true },
      { signal: context.signal },
    );
    if (!list.ok) return list;
    const mine = list.value.items.filter((item) => item.branch === undefined);
    const lines = mine.map((item) =>
      item.secret || item.value === undefined
        ? `# ${item.name} is a secret: its value cannot be read back`
        : formatVariable(item.name, item.value),
    );
    const data = {
      environment: target.value.where.environment,
      variables: mine.length,
      secrets: mine.filter((item) => item.secret).map((item) => item.name),
    };
    if (file === '-') return success({ ...data, lines }, ...lines);
    const path = resolve(context.directory, file ?? '.env.local');
    try {
      await writeFile(
        path,
        `# ${target.value.where.environment} of ${target.value.where.project}\n${lines.map((line) => `${line}\n`).join('')}`,
        { mode: 0o600, flag: force ? 'w' : 'wx' },
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST')
        return commandError('conflict', `${path} exists already.`, 'Add --force to replace it, or name another file.');
      return commandError(
        'failed',
        `Cannot write ${path}.`,
        'Check the path and the owner of the folder.',
        String(error),
      );
    }
    return success(
      { ...data, file: path },
      `Wrote ${count(mine.length - data.secrets.length, 'variable')} to ${path}${data.secrets.length === 0 ? '' : `; ${count(data.secrets.length, 'secret')} as comments`}`,
    );
  },
});
