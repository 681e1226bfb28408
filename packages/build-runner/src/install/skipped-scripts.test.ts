import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { installEnvironment } from './install.ts';
import { approvalFix, skippedScripts } from './skipped-scripts.ts';

/** The output of the managers, recorded by running them on a dependency with an install script. */
const PRINTED = {
  'npm 12': [
    'npm',
    'added 3 packages in 857ms\nnpm warn install-scripts 2 packages had install scripts blocked because they are not covered by allowScripts:\nnpm warn install-scripts   fake-native@1.0.0 (install: node make.js)\nnpm warn install-scripts   @a/b@2.0.0-rc.1 (postinstall: node x)\nnpm warn install-scripts\nnpm warn install-scripts Run `npm install-scripts ls` to review\n',
    ['fake-native', '@a/b'],
  ],
  'npm 11, which only warns': [
    'npm',
    'npm warn install-scripts 1 package has install scripts not yet covered by allowScripts:\nnpm warn install-scripts   fake-native@1.0.0 (install: node make.js)\n',
    [],
  ],
  'pnpm 10': [
    'pnpm',
    '╭ Warning ───────────────╮\n│                                                                              │\n│   Ignored build scripts: fake-native@file:vendor/fake-native-1.0.0.tgz,      │\n│   @a/b@2.0.0.                                                                │\n│   Run "pnpm approve-builds" to pick which dependencies should be allowed     │\n│   to run scripts.                                                            │\n╰──────────────────────────╯\n',
    ['fake-native', '@a/b'],
  ],
  'pnpm 10.0': [
    'pnpm',
    '│   Ignored build scripts: esbuild, sharp.   │\n│   Run "pnpm approve-builds" to pick  │',
    ['esbuild', 'sharp'],
  ],
  'pnpm 11': [
    'pnpm',
    '[ERR_PNPM_IGNORED_BUILDS] Ignored build scripts: fake-native@file:vendor/fake-native-1.0.0.tgz\n\nRun "pnpm approve-builds" to pick which dependencies should be allowed to run scripts.\n',
    ['fake-native'],
  ],
  'pnpm 12': [
    'pnpm',
    'Error: ERR_PNPM_IGNORED_BUILDS\n\n  × installing dependencies\n  ╰─▶ Ignored build scripts: fake-native@file:vendor/fake-native-1.0.0.tgz\n  help: Run "pnpm approve-builds" to pick which dependencies should be allowed\n        to run scripts.\n',
    ['fake-native'],
  ],
  'yarn 4.18': [
    'yarn',
    '➤ YN0000: ┌ Link step\n➤ YN0004: │ fake-native@file:./vendor/fake-native-1.0.0.tgz#./vendor/fake-native-1.0.0.tgz::hash=292225 lists build scripts, but all build scripts have been disabled.\n➤ YN0004: │ @a/b@npm:2.0.0 lists build scripts, but all build scripts have been disabled.\n',
    ['fake-native', '@a/b'],
  ],
  'yarn 4.9, which runs them': [
    'yarn',
    '➤ YN0007: │ fake-native@file:./x.tgz must be built because it never has been before or the last one failed\n',
    [],
  ],
  'bun pm untrusted': [
    'bun',
    'bun pm untrusted v1.4.5 (a7733435c)\n\n./node_modules/fake-native @./vendor/fake-native-1.0.0.tgz\n » [install]: node make.js\n\n./node_modules/x/node_modules/@a/b @2.0.0\n » [postinstall]: node x\n\nThese dependencies had their lifecycle scripts blocked during install.\n',
    ['fake-native', '@a/b'],
  ],
} as const;

for (const [what, [manager, text, names]] of Object.entries(PRINTED)) {
  test(`${what}: ${names.length === 0 ? 'nothing was skipped' : `${names.join(' and ')} skipped`}`, () => {
    assert.deepEqual(skippedScripts(manager, text), names);
    assert.deepEqual(
      skippedScripts(
        manager,
        text.replaceAll('\n', '\r\n').replaceAll('fake', '\x1b[1mfake\x1b[0m').replaceAll('\x1b[1mfake\x1b[0m', 'fake'),
      ),
      names,
    );
  });
}

test('the way to approve is named with a command or a setting of that manager', () => {
  assert.match(approvalFix('npm', '12.2.2', ['a', '@b/c']), /npm install-scripts approve a @b\/c/);
  assert.match(approvalFix('pnpm', '10.1.0', ['a']), /pnpm approve-builds/);
  assert.match(approvalFix('yarn', '4.18.1', ['a']), /"a": \{ "built": true \}/);
  assert.match(approvalFix('bun', '1.4.5', ['a']), /bun pm trust a/);
});

test('whatever an install prints: only names of packages come out, and soon', () => {
  const pieces = fc.constantFrom(
    'Ignored build scripts: ',
    'npm warn install-scripts   ',
    'blocked because they are not covered',
    'YN0004: │ ',
    ' lists build scripts, but ',
    'node_modules/',
    ' @',
    '\n',
    '»',
    'a',
    '@',
    '/',
    '`rm`',
    '$(x)',
    ',',
    ' ',
    '│',
    '\x1b[1m',
  );
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 80 }).map((each) => each.join('')),
      (text) => {
        for (const manager of ['npm', 'pnpm', 'yarn', 'bun'] as const)
          for (const name of skippedScripts(manager, text)) assert.match(name, /^(?:@[\w.~-]+\/)?[\w.~-]+$/);
      },
    ),
    { numRuns: 2000 },
  );
  const started = performance.now();
  for (const text of [
    'Ignored build scripts: '.repeat(1400),
    ` ${'x'.repeat(32_000)}`,
    'YN0004: │ '.repeat(3200),
    'node_modules/@'.repeat(2300),
  ])
    for (const manager of ['npm', 'pnpm', 'yarn', 'bun'] as const) skippedScripts(manager, text);
  assert.ok(performance.now() - started < 3000, `${performance.now() - started} ms`);
});

test('nothing that leaves out development dependencies reaches the install, and all else does', () => {
  const given = {
    NODE_ENV: 'production',
    NPM_CONFIG_PRODUCTION: 'true',
    npm_config_production: 'true',
    npm_config_omit: 'dev optional',
    NPM_CONFIG_ONLY: 'prod',
    YARN_PRODUCTION: '1',
    pnpm_config_prod: 'true',
    NPM_CONFIG_REGISTRY: 'https://r.example',
    NODE_ENVIRONMENT: 'x',
  };
  assert.deepEqual(installEnvironment(given, 'pnpm'), {
    npm_config_omit: 'optional',
    NPM_CONFIG_REGISTRY: 'https://r.example',
    NODE_ENVIRONMENT: 'x',
  });
  assert.equal(installEnvironment(given, 'npm')['npm_config_include'], 'dev');
});
