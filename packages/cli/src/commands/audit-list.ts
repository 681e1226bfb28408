import { command, success } from '../framework/command.ts';
import { auditRow } from '../framework/audit-row.ts';
import { table } from '../output/table.ts';

export const auditList = command({
  name: 'audit list',
  summary: 'List changes with their authors, newest first',
  details:
    'Every change through the API and every git push is listed, also those that were refused. --json has the states before\nand after it, the address and the program.',
  options: {
    of: { kind: 'text', value: 'project', help: 'only changes of this project' },
    by: { kind: 'text', value: 'id', help: 'only changes by this token or person' },
    team: { kind: 'text', value: 'team', help: 'only changes of this team (default: of the whole platform)' },
    action: { kind: 'text', value: 'name', help: 'only this action, such as projects.update' },
    limit: { kind: 'count', value: 'n', help: 'maximum number, 1 to 100 (default 30)' },
    cursor: { kind: 'text', value: 'cursor', help: 'continue after an earlier page' },
  },
  examples: ['anchor audit list', 'anchor audit list --of shop --action variables.put'],
  async run(context, { of, by, team, action, limit, cursor }) {
    const client = await context.client();
    if (!client.ok) return client;
    const page = await client.value.audit.list(
      { project: of, team, actor: by, action, limit: limit ?? 30, cursor },
      { signal: context.signal },
    );
    if (!page.ok) return page;
    const rows = page.value.items.map((entry) => auditRow(entry, context.out, Date.now()));
    return success(
      page.value,
      ...(rows.length === 0
        ? ['No changes yet.']
        : table(['when', 'by', 'from', 'action', 'on', 'outcome', 'changed'], rows)),
      ...(page.value.cursor === undefined ? [] : ['', `More: --cursor ${page.value.cursor}`]),
    );
  },
});
