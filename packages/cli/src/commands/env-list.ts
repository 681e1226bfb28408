import { command, done } from '../framework/command.ts';
import { ENVIRONMENT_OPTION, variablesOf } from '../framework/variables.ts';
import { table } from '../output/table.ts';
import { ago } from '../output/units.ts';

export const envList = command({
  name: 'env list',
  summary: "List an environment's variables; secrets without their values",
  options: { environment: ENVIRONMENT_OPTION },
  project: true,
  examples: ['anchor env list', 'anchor env list -e preview --json'],
  async run(context, { environment }) {
    const place = await variablesOf(context, environment);
    if (!place.ok) return place;
    const shown = await place.value.client.variables.list({ ...place.value.where, reveal: true }, { signal: context.signal });
    // a token that may only read sees the names
    const list = !shown.ok && shown.problem.code === 'forbidden' ? await place.value.client.variables.list(place.value.where, { signal: context.signal }) : shown;
    if (!list.ok) return list;
    const { color, safe } = context.out;
    const rows = list.value.items.map((item) => [item.name, item.secret ? color.dim('secret') : item.value === undefined ? color.dim('hidden') : safe(JSON.stringify(item.value).slice(1, -1)), item.scope, ago(item.updatedAt, Date.now())]);
    return done(list.value, ...(rows.length === 0 ? [`No variables in ${place.value.where.environment}.`] : table(['name', 'value', 'scope', 'set'], rows)));
  },
});
