import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatVariable } from '../env-file/format.ts';
import { command, done } from '../framework/command.ts';
import { refuse } from '../framework/problem.ts';
import { ENVIRONMENT_OPTION, variablesOf } from '../framework/variables.ts';
import { count } from '../output/units.ts';

export const envPull = command({
  name: 'env pull',
  summary: 'Write an environment\'s variables to a .env file',
  details: 'Secrets are write-only: their names stand in the file as comments. An existing file is kept unless --force is given.\nThe file is made readable by its owner only.',
  arguments: [{ name: 'file', help: 'the file, or - for standard output (default .env.local)', optional: true }],
  options: { environment: ENVIRONMENT_OPTION, force: { kind: 'flag', help: 'replace an existing file' } },
  project: true,
  examples: ['anchor env pull', 'anchor env pull .env.preview -e preview --force', 'anchor env pull - | grep API'],
  async run(context, { file, environment, force }) {
    const place = await variablesOf(context, environment);
    if (!place.ok) return place;
    const list = await place.value.client.variables.list({ ...place.value.where, reveal: true }, { signal: context.signal });
    if (!list.ok) return list;
    const lines = list.value.items.map((item) => (item.secret || item.value === undefined ? `# ${item.name} is a secret: its value can not be read back` : formatVariable(item.name, item.value)));
    const data = { environment: place.value.where.environment, variables: list.value.items.length, secrets: list.value.items.filter((item) => item.secret).map((item) => item.name) };
    if (file === '-') return done({ ...data, lines }, ...lines);
    const path = resolve(context.directory, file ?? '.env.local');
    try {
      await writeFile(path, `# ${place.value.where.environment} of ${place.value.where.project}\n${lines.map((line) => `${line}\n`).join('')}`, { mode: 0o600, flag: force ? 'w' : 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return refuse('conflict', `${path} exists already.`, 'Add --force to replace it, or name another file.');
      return refuse('failed', `${path} can not be written.`, 'Check the path and who owns the folder.', String(error));
    }
    return done({ ...data, file: path }, `Wrote ${count(list.value.items.length - data.secrets.length, 'variable')} to ${path}${data.secrets.length === 0 ? '' : `; ${count(data.secrets.length, 'secret')} as comments`}`);
  },
});
