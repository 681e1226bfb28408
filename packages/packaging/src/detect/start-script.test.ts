import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResolvedStart } from './resolved-start.ts';
import { resolveStart, type Packages } from './start-script.ts';

const packagesWith = (
  scripts: Readonly<Record<string, string>>,
  below: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): Packages => ({
  scriptsAt: (folder) => (folder === '' ? scripts : below[folder]),
  folderOf: (name) => (name in below ? name : undefined),
});
const command = ({ command: { kind, ...rest } }: ResolvedStart): string => {
  if (!('argv' in rest)) return 'script' in rest ? String(rest.script) : kind;
  return [
    ...Object.entries(rest.environment as object).map(([name, value]) => `${name}=${String(value)}`),
    ...(rest.argv as string[]),
  ].join(' ');
};

const DEVELOPMENT: readonly string[] = [
  'vite',
  'vite dev',
  'vite --port 3000 --host',
  'vite preview',
  'PORT=3001 react-scripts start',
  'cross-env BROWSER=none PORT=3 react-scripts start',
  'craco start',
  'react-app-rewired start',
  'ng serve',
  'ng s --open',
  'vue-cli-service serve',
  'yarn && vite',
  'npm install && vite',
  'npx vite',
  'npx --yes vite@7 dev',
  'pnpm vite',
  'pnpm exec vite',
  'yarn vite',
  'yarn exec vite',
  'bunx --bun vite',
  'bun run vite',
  'NODE_ENV=development vite',
  'dotenv -- vite',
  'dotenv -e .env.local -- vite dev',
  'dotenvx run -f .env -- vite',
  'env-cmd -f .env vite',
  'env A=1 vite',
  'node ./node_modules/vite/bin/vite.js',
  'node node_modules/.bin/vite',
  'node --env-file .env node_modules/.bin/vite',
  './node_modules/.bin/vite',
  'node --max-old-space-size=4096 node_modules/react-scripts/bin/react-scripts.js start',
  'node_modules/.bin/ng serve',
  'node node_modules/@angular/cli/bin/ng.js serve',
  'npx @11ty/eleventy --serve',
  'eleventy --watch',
  'gatsby develop',
  'docusaurus start',
  'vitepress dev docs',
  'hexo server',
  'webpack serve --mode development',
  'webpack-dev-server',
  'webpack --watch',
  'parcel index.html',
  'rsbuild dev',
  'astro dev',
  'nuxt dev',
  'nuxi dev',
  'svelte-kit dev',
  'remix vite:dev',
  'react-router dev',
  'vinxi dev',
  'nest start --watch',
  'gulp serve',
  'gulp',
  'grunt watch',
  'browser-sync start --server',
  'live-server',
  'http-server dist',
  'npx serve -s build -l 3000',
  'serve dist',
  'node ace serve --watch',
  'turbo dev',
  'turbo run dev --filter=web',
  'nx serve web',
  'npm run dev',
  'pnpm dev',
  'yarn dev',
  'bun dev',
  'bun run dev',
  'npm run dev -- --host',
  'npm run build && npm run dev',
  'tsc && vite preview',
  'concurrently "vite" "tsc -w"',
  'concurrently -k "npm:dev" "npm:css"',
  'run-p dev css',
  'npm-run-all --parallel dev css',
  'sh -c "vite"',
  'exec vite',
  'ember serve',
  'storybook dev -p 6006',
  'wrangler dev',
  'next dev --turbo',
];
for (const script of DEVELOPMENT) {
  test(`"${script}" is a development server or shows files`, () => {
    const resolved = resolveStart(
      script,
      packagesWith({ dev: 'vite', css: 'tailwindcss --watch', build: 'vite build' }),
    );
    assert.equal(resolved.role, 'dev', command(resolved));
  });
}

const SERVERS: readonly (readonly [script: string, runs: string, scripts?: Readonly<Record<string, string>>])[] = [
  ['node server.js', 'node server.js'],
  ['npm run serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['pnpm run serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['pnpm serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['yarn serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['bun run serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['node --run serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['npm run a', 'node x.js', { a: 'npm run b', b: 'yarn c', c: 'node x.js' }],
  ['npm run serve -- --port 4', 'node server.mjs --port 4', { serve: 'node server.mjs' }],
  ['npm run build && node server.js', 'node server.js', { build: 'vite build' }],
  ['tsc && node dist/index.js', 'node dist/index.js'],
  ['npm ci && npm run serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['cross-env NODE_ENV=production node server.mjs', 'NODE_ENV=production node server.mjs'],
  [
    'cross-env NODE_ENV=production PORT=1 npm run serve',
    'NODE_ENV=production PORT=1 node s.js',
    { serve: 'node s.js' },
  ],
  ['nodemon server.js', 'node server.js'],
  ['nodemon -w src --exec ts-node src/index.ts', 'ts-node src/index.ts'],
  ['nodemon', 'node .'],
  ['ts-node-dev --respawn src/a.ts', 'ts-node src/a.ts'],
  ['tsx watch src/a.ts', 'tsx src/a.ts'],
  ['node --watch a.js', 'node a.js'],
  ['bun --hot server.ts', 'bun server.ts'],
  ['bun --watch run server.ts', 'bun run server.ts'],
  ['nodemon --config nodemon.json', 'node .'],
  ['nodemon -w src/a.js server.js', 'node server.js'],
  ['nodemon -w src', 'node .'],
  ['nodemon --delay 500ms -e js,ts lib', 'node lib'],
  ['tsx --watch src/a.ts', 'tsx src/a.ts'],
  ['node --watch-path src --watch-path=lib src/a.js', 'node src/a.js'],
  ['pm2-runtime server.mjs', 'node server.mjs'],
  ['pm2 start app.js --no-daemon', 'node app.js'],
  ['pm2-runtime ecosystem.config.js', 'pm2-runtime ecosystem.config.js'],
  ['bun run src/index.ts', 'bun run src/index.ts'],
  ['bun src/index.ts', 'bun src/index.ts'],
  ['bun run --env-file .env src/x.ts', 'bun run --env-file .env src/x.ts'],
  ['bun --env-file .env run src/x.ts', 'bun --env-file .env run src/x.ts'],
  ['bun --env-file=.env --preload ./a.ts src/x.ts', 'bun --env-file=.env --preload ./a.ts src/x.ts'],
  ['bun run --env-file .env --hot src/x.ts', 'bun run --env-file .env src/x.ts'],
  ['bun run --env-file .env serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['bun --env-file .env.production serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['npm --loglevel warn run serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['npm run --loglevel silent serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['pnpm --reporter append-only serve', 'node server.mjs', { serve: 'node server.mjs' }],
  ['tsx server.ts', 'tsx server.ts'],
  ['npx tsx server.ts', 'tsx server.ts'],
  ['yarn tsx server.ts', 'tsx server.ts'],
  ['npm run migrate && node server.mjs', 'npm run migrate && node server.mjs', { migrate: 'node migrate.mjs' }],
  ['prisma migrate deploy && node dist/main', 'prisma migrate deploy && node dist/main'],
  ['node server.js | pino-pretty', 'node server.js | pino-pretty'],
  ['node server.js & node worker.js', 'node server.js & node worker.js'],
  [
    'concurrently "npm:server" "npm:client"',
    'concurrently "npm:server" "npm:client"',
    { server: 'node a.js', client: 'vite' },
  ],
  ['sh start.sh', 'sh start.sh'],
  ['./start.sh', './start.sh'],
  ['react-router-serve ./build/server/index.js', 'react-router-serve ./build/server/index.js'],
  ['node server.js -p $PORT', 'node server.js -p $PORT'],
  ['npm run nowhere', 'npm run nowhere'],
  ['npm run loop', 'npm run loop', { loop: 'npm run loop' }],
];
for (const [script, runs, scripts = {}] of SERVERS) {
  test(`"${script}" runs ${runs}`, () => {
    const resolved = resolveStart(script, packagesWith(scripts));
    assert.equal(resolved.role, 'server');
    assert.equal(command(resolved), runs);
  });
}

test('a script of another folder is followed there, whichever way it is named', () => {
  const packages = packagesWith({}, { api: { start: 'node dist/main.js', dev: 'vite' } });
  for (const script of [
    'cd api && npm start',
    'npm --prefix api start',
    'npm start --prefix api',
    'yarn --cwd ./api start',
    'pnpm -C api start',
    'pnpm --dir=api run start',
    'npm run start -w api',
    'npm start --workspace=api',
    'yarn workspace api start',
    'pnpm --filter api start',
    'npm run -w api start',
    'npm run --workspace=api start',
    'pnpm run --filter api start',
    'bun run --filter=api start',
    'bun --filter api start',
    'pnpm -F ./api start',
  ]) {
    const resolved = resolveStart(script, packages);
    assert.deepEqual([resolved.role, resolved.folder], ['server', 'api'], script);
    assert.deepEqual(
      resolved.command,
      { kind: 'argv', argv: ['node', 'dist/main.js'], environment: {}, entry: 'dist/main.js', folder: 'api' },
      script,
    );
  }
  assert.deepEqual(
    [resolveStart('yarn --cwd ./api dev', packages).role, resolveStart('yarn --cwd ./api dev', packages).folder],
    ['dev', 'api'],
  );
  assert.equal(resolveStart('npm --prefix ../../etc start', packages).folder, '');
});

test('what a start script builds first is left to the build', () => {
  assert.deepEqual(resolveStart('tsc -p . && tsc-alias && node dist/a.js', packagesWith({})).builds, [
    'tsc -p .',
    'tsc-alias',
  ]);
  assert.deepEqual(resolveStart('npm run build', packagesWith({ build: 'tsc' })).role, 'none');
});

test('wrappers and further scripts change nothing about what a start script is', () => {
  const inner = fc.constantFrom<readonly [string, ResolvedStart['role']]>(
    ['vite', 'dev'],
    ['react-scripts start', 'dev'],
    ['next dev', 'dev'],
    ['node server.js', 'server'],
    ['tsx src/index.ts', 'server'],
    ['nest start', 'tool'],
  );
  const wrap = fc.constantFrom<(text: string) => string>(
    (text) => `cross-env A=1 ${text}`,
    (text) => `A=1 ${text}`,
    (text) => `npx ${text}`,
    (text) => `dotenv -- ${text}`,
    (text) => `npm run build && ${text}`,
    (text) => `npm i; ${text}`,
    (text) => `tsc && ${text}`,
    (text) => `env B=2 ${text}`,
    (text) => `exec ${text}`,
    (text) => `  ${text} `,
    (text) => `NODE_OPTIONS='--max-old-space-size=400' ${text}`,
    (text) => `rimraf x && ${text}`,
  );
  fc.assert(
    fc.property(inner, fc.array(wrap, { maxLength: 4 }), fc.boolean(), ([text, role], wraps, nested) => {
      const wrapped = wraps.reduce((all, one) => one(all), text);
      const scripts = nested ? { build: 'tsc', inner: wrapped } : { build: 'tsc' };
      assert.equal(resolveStart(nested ? 'pnpm run inner' : wrapped, packagesWith(scripts)).role, role, wrapped);
    }),
  );
});

test('any text ends with a decision, and every argument vector starts with node', () => {
  const part = fc.constantFrom(
    'npm',
    'run',
    'x',
    'yarn',
    ' ',
    ' ',
    '&&',
    '|',
    ';',
    '&',
    '"',
    "'",
    '$A',
    'node',
    'a.js',
    '--',
    '-w',
    'cd',
    '..',
    '/',
    'vite',
    '=',
    'A=1',
    '\n',
    '\\',
    'concurrently',
    '`',
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 14 }).map((parts) => parts.join('')),
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
      (script, other) => {
        const resolved = resolveStart(script, packagesWith({ x: other }, { a: { x: other } }));
        return resolved.command.kind === 'shell' || resolved.command.argv[0] === 'node';
      },
    ),
    { numRuns: 2_000 },
  );
});
