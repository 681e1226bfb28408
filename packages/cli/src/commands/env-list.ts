import { command, success } from '../framework/command.ts';
import { ENVIRONMENT_OPTION, variablesOf } from '../framework/variables.ts';
import { table } from '../output/table.ts';
import { ago } from '../output/units.ts';

export const envList = command({
  name: 'env list',
  summary: 'List the variables of an environment (secrets without values)',
  options: { environment: ENVIRONMENT_OPTION },
  project: true,
  examples: ['anchor env list', 'anchor env list -e preview --json'],
  async run(context, { environment }) {
    const target = await variablesOf(context, environment);
    if (!target.ok) return target;
    const shown = await target.value.client.variables.list(
      { ...target.value.where, reveal: true },
      { signal: context.signal },
    );
    // a token that may only read sees the names
    const list =
      !shown.ok && shown.problem.code === 'forbidden'
        ? await target.value.client.variables.list(target.value.where, { signal: context.signal })
        : shown;
    if (!list.ok) return list;
    const { color, safe } = context.out;
    const branches = list.value.items.some((item) => item.branch !== undefined);
    const rows = list.value.items.map((item) => [
      item.name,
      ...(branches ? [safe(item.branch ?? '')] : []),
      item.secret
        ? color.dim('secret')
        : item.value === undefined
          ? color.dim('hidden')
          : safe(JSON.stringify(item.value).slice(1, -1)),
      item.scope,
      ago(item.updatedAt, Date.now()),
    ]);
    return success(
      list.value,
      ...(rows.length === 0
        ? [`No variables in ${target.value.where.environment}.`]
        : table(['name', ...(branches ? ['branch'] : []), 'value', 'scope', 'set'], rows)),
    );
  },
});
