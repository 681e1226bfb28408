import assert from 'node:assert/strict';
import { test } from 'node:test';
import adapter, { sanitizeDeploymentId } from './next-adapter.ts';

const build = { phase: 'phase-production-build' };
const modify = (config: Record<string, unknown>, context = build): Record<string, unknown> => {
  process.env['ANCHOR_DEPLOYMENT_ID'] = 'dpl_00000000000000000001';
  try {
    return adapter.modifyConfig(config, context);
  } finally {
    delete process.env['ANCHOR_DEPLOYMENT_ID'];
  }
};

test('a build gets the deployment id and immutable files, and nothing else changes', () => {
  const config = { basePath: '/docs', images: { qualities: [75] }, output: 'export', cacheHandler: './own.js' };
  assert.deepEqual(modify(config), {
    ...config,
    deploymentId: 'dpl_00000000000000000001',
    supportsImmutableAssets: true,
  });
});

test('standalone output is taken out; what the app decided itself stays', () => {
  assert.deepEqual(modify({ output: 'standalone', deploymentId: 'own', supportsImmutableAssets: false }), {
    deploymentId: 'own',
    supportsImmutableAssets: false,
  });
});

test('outside of a production build the configuration is the same object', () => {
  const config = { output: 'standalone' };
  assert.equal(modify(config, { phase: 'phase-development-server' }), config);
});

test('a deployment id has only characters that Next accepts', () => {
  assert.equal(sanitizeDeploymentId('a b/c\n$d_-'), 'abcd_-');
  assert.equal(sanitizeDeploymentId('x'.repeat(50))?.length, 32);
  assert.equal(sanitizeDeploymentId('§'), undefined);
  assert.equal(sanitizeDeploymentId(undefined), undefined);
});
