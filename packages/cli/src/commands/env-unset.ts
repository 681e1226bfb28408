import { command, success } from '../framework/command.ts';
import { BRANCH_OPTION, ENVIRONMENT_OPTION, nextDeployment, variablesOf } from '../framework/variables.ts';

export const envUnset = command({
  name: 'env unset',
  summary: 'Remove variables; running deployments keep theirs',
  arguments: [{ name: 'names', help: 'the variables', variadic: true }],
  options: { environment: ENVIRONMENT_OPTION, branch: BRANCH_OPTION },
  project: true,
  examples: ['anchor env unset LOG_LEVEL', 'anchor env unset OLD_KEY OLDER_KEY -e preview'],
  async run(context, { names, environment, branch }) {
    const target = await variablesOf(context, environment, branch);
    if (!target.ok) return target;
    for (const name of names) {
      const removed = await target.value.client.variables.remove(
        { ...target.value.where, ...target.value.branch, name },
        { signal: context.signal },
      );
      if (!removed.ok) return removed;
    }
    return success(
      { removed: names },
      `Removed ${names.join(', ')} from ${target.value.called}`,
      nextDeployment(target.value, 0).replace(' has them', ' is without'),
    );
  },
});
