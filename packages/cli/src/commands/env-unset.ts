import { command, done } from '../framework/command.ts';
import { ENVIRONMENT_OPTION, variablesOf } from '../framework/variables.ts';

export const envUnset = command({
  name: 'env unset',
  summary: 'Remove variables; running deployments keep theirs',
  arguments: [{ name: 'names', help: 'the variables', variadic: true }],
  options: { environment: ENVIRONMENT_OPTION },
  project: true,
  examples: ['anchor env unset LOG_LEVEL', 'anchor env unset OLD_KEY OLDER_KEY -e preview'],
  async run(context, { names, environment }) {
    const place = await variablesOf(context, environment);
    if (!place.ok) return place;
    for (const name of names) {
      const removed = await place.value.client.variables.remove({ ...place.value.where, name }, { signal: context.signal });
      if (!removed.ok) return removed;
    }
    return done({ removed: names }, `Removed ${names.join(', ')} from ${place.value.where.environment}`);
  },
});
