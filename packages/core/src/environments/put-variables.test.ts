import { test } from 'node:test';
import assert from 'node:assert/strict';
import { startDemo } from '@anchor/testing/deployments.ts';
import { must } from '@anchor/testing/samples.ts';
import { putVariables } from './put-variables.ts';

test('the values of an environment have a limit in sum, and replacing large ones by small ones is possible above it', async () => {
  const { home, project } = await startDemo();
  const put = (count: number, value: string, from = 0) =>
    putVariables(home)({
      projectId: project.id,
      environment: 'preview',
      variables: Array.from({ length: count }, (_, i) => ({ name: `V_${from + i}`, value })),
    });
  const large = 'x'.repeat(64 * 1024);
  must(await put(40, large));
  const refused = await put(10, large, 40);
  assert.ok(!refused.ok && refused.error.code === 'too_large' && /at most 3 MB/.test(refused.error.message));
  assert.equal((await home.variables.list(project.id, 'preview' as never)).length, 40, 'nothing of it was written');
  must(await put(40, 'small'));
  must(await put(40, large, 40));
});
