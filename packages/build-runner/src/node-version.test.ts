import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { type Files, packageJson, useBuilder } from '../../../e2e/use-builder.ts';

const { build, failure, home, web } = useBuilder();

test('a project keeps the Node major that it got by default, the log explains how to change it, and a named version wins', async () => {
  const files = { 'package.json': packageJson({ start: 'node server.js' }), 'server.js': '' };
  const pinned = await web(files, { pinnedNodeMajor: '24' });
  assert.match(pinned.component.function?.node ?? '', /^24\./);
  assert.match(pinned.observed.log, /Node 24\.\S+ \(as an earlier deployment; .*"26\.x"/);
  const built = async (
    of: Files,
    request: Partial<BuildRequest>,
  ): Promise<readonly [string | undefined, string | undefined]> => {
    const result = await build(of, request);
    assert.ok(result.ok);
    return [
      result.value.defaultNode,
      (await home().manifest(result.value.artifact)).components['web']?.function?.node.split('.')[0],
    ];
  };
  assert.deepEqual(await built(files, { pinnedNodeMajor: '24' }), ['24', '24']);
  assert.deepEqual(await built(files, {}), ['26', '26']);
  assert.deepEqual(
    await built(files, { pinnedNodeMajor: '18' }),
    ['26', '26'],
    'what is not supported any more is not kept',
  );
  assert.deepEqual(await built({ ...files, '.nvmrc': '22' }, { pinnedNodeMajor: '24' }), [undefined, '22']);
});

test('the Node version comes from .nvmrc; what is not supported is refused with the list', async () => {
  const { component } = await web({
    '.nvmrc': 'v22\n',
    'package.json': packageJson({ start: 'node server.js' }),
    'server.js': '',
  });
  assert.match(component.function?.node ?? '', /^22\./);
  const error = await failure({
    '.nvmrc': '18',
    'package.json': packageJson({ start: 'node server.js' }),
    'server.js': '',
  });
  assert.equal(error.code, 'unsupported');
  assert.match(error.fix, /20.*26/);
});

test('a Next.js that does not run on the default Node gets one that it runs on, unless one is named', async () => {
  const app = (next: string, node?: string) => ({
    'package.json': packageJson({}, { dependencies: { next }, ...(node === undefined ? {} : { engines: { node } }) }),
  });
  const log = async (files: Files) => (await failure(files, { settings: { installCommand: 'true' } })).observed.log;
  assert.match(await log(app('14.2.35')), /Node 24\.\S+ \(next 14\.2\.35 does not run well on newer ones/);
  assert.match(await log(app('12.3.4', '>=18')), /Node 24\.\S+ \(engines\.node in package\.json; next 12\.3\.4/);
  assert.match(
    await log(app('14.2.35', '26.x')),
    /Node 24 is the newest that is known to work[\s\S]*Node 26\.\S+ \(engines\.node in package\.json\)/,
  );
  assert.match(await log(app('16.4.6')), /Node 26\.\S+ \(nothing names another/);
});
