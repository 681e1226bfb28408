import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';

export const auditExport = command({
  name: 'audit export',
  summary: 'Write the audit log to a file, as JSON lines or CSV',
  details: 'The file is readable by its owner only and replaces no existing file. Entries are kept for 400 days.',
  arguments: [{ name: 'file', help: 'the file to write; one that ends in .csv is CSV, any other JSON lines' }],
  options: {
    of: { kind: 'text', value: 'project', help: 'only changes of this project' },
    by: { kind: 'text', value: 'id', help: 'only changes by this token or person' },
    team: { kind: 'text', value: 'team', help: 'only changes of this team (default: of the whole platform)' },
    action: { kind: 'text', value: 'name', help: 'only this action, such as projects.update' },
  },
  examples: ['anchor audit export changes.jsonl', 'anchor audit export changes.csv --of shop'],
  async run(context, { file, of, by, team, action }) {
    const path = resolve(context.directory, file);
    if (await stat(path).catch(() => undefined))
      return commandError('conflict', `${path} exists already.`, 'Name another file, or move the existing one.');
    const client = await context.client();
    if (!client.ok) return client;
    const format = path.endsWith('.csv') ? 'csv' : 'jsonl';
    const response = await client.value.audit.export(
      { project: of, team, actor: by, action, format },
      { signal: context.signal },
    );
    if (!response.ok) return response;
    try {
      await pipeline(response.value, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal: context.signal });
    } catch (error) {
      return commandError(
        'failed',
        'The export was not completed.',
        `Remove ${path}, check the free disk, then run it again.`,
        error instanceof Error ? error.message : String(error),
      );
    }
    const { size } = await stat(path);
    return success({ file: path, bytes: size, format }, `Wrote ${path}`);
  },
});
