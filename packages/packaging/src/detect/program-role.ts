/**
 * The role of a program in a start script: `dev` serves for development or shows files, `build` and `install` end by
 * themselves, `tool` is a framework that starts what it has built, `server` is anything else.
 */
export type ProgramRole = 'dev' | 'build' | 'install' | 'tool' | 'server';

type Rule = Readonly<{ dev?: RegExp; build?: RegExp; tool?: RegExp; otherwise: ProgramRole }>;
const dev: Rule = { otherwise: 'dev' };
const build: Rule = { otherwise: 'build' };
const toolStart: Rule = {
  build: /^(?:build|generate|prepare|prerender|sync|check|typegen)\b/,
  tool: /^(?:start|serve)\b/,
  otherwise: 'dev',
};
const watching: Rule = { dev: /(?:^| )(?:-w|--watch|--serve|serve)\b/, otherwise: 'build' };
const bundler: Rule = { build: /^(?:build|optimize)\b/, otherwise: 'dev' };

/** Arguments are matched as one text, global options before the subcommand aside. */
const RULES: Readonly<Record<string, Rule>> = {
  vite: bundler,
  'vite-node': { dev: /--watch|-w\b/, otherwise: 'server' },
  rolldown: watching,
  rollup: watching,
  esbuild: watching,
  webpack: watching,
  rspack: watching,
  tsc: watching,
  tsup: watching,
  tsdown: watching,
  swc: watching,
  babel: watching,
  ncc: watching,
  unbuild: watching,
  sass: watching,
  tailwindcss: watching,
  postcss: watching,
  pkgroll: watching,
  microbundle: watching,
  'webpack-dev-server': dev,
  'webpack-cli': watching,
  'react-scripts': bundler,
  craco: bundler,
  'react-app-rewired': bundler,
  'customize-cra': bundler,
  'vue-cli-service': bundler,
  ng: bundler,
  parcel: bundler,
  'parcel-bundler': bundler,
  rsbuild: bundler,
  rspress: bundler,
  farm: bundler,
  wmr: bundler,
  snowpack: bundler,
  preact: bundler,
  'preact-cli': bundler,
  poi: bundler,
  ember: bundler,
  ionic: bundler,
  stencil: bundler,
  quasar: bundler,
  umi: bundler,
  max: bundler,
  dumi: bundler,
  expo: { build: /^export/, otherwise: 'dev' },
  gatsby: bundler,
  docusaurus: bundler,
  vitepress: bundler,
  vuepress: bundler,
  'vuepress-vite': bundler,
  eleventy: watching,
  '@11ty/eleventy': watching,
  hexo: { build: /^(?:g|generate|clean)\b/, otherwise: 'dev' },
  hugo: { dev: /^server?\b/, otherwise: 'build' },
  slidev: bundler,
  storybook: bundler,
  'start-storybook': dev,
  'build-storybook': build,
  styleguidist: bundler,
  metalsmith: watching,
  observable: bundler,
  ladle: bundler,
  histoire: bundler,
  elm: bundler,
  'elm-app': bundler,
  gulp: { dev: /^$|serve|watch|dev|start|default/, otherwise: 'build' },
  grunt: { dev: /^$|serve|watch|dev|server|default/, otherwise: 'build' },
  jake: watching,
  astro: { build: /^(?:build|check|sync)\b/, otherwise: 'dev' },
  'svelte-kit': { build: /^(?:build|sync|package)\b/, otherwise: 'dev' },
  sirv: dev,
  'sirv-cli': dev,
  nuxt: { ...toolStart, tool: /^(?:start|preview)\b/ },
  nuxi: { ...toolStart, tool: /^(?:start|preview)\b/ },
  nitro: { ...toolStart, tool: /^(?:start|preview)\b/ },
  nitropack: { ...toolStart, tool: /^(?:start|preview)\b/ },
  vinxi: toolStart,
  'solid-start': toolStart,
  analog: toolStart,
  nest: toolStart,
  next: { ...toolStart, build: /^(?:build|export|lint|telemetry)\b/ },
  remix: { build: /(?:^|:)build\b/, otherwise: 'dev' },
  'react-router': { build: /^(?:build|typegen|reveal)\b/, otherwise: 'dev' },
  waku: toolStart,
  modern: toolStart,
  ice: toolStart,
  qwik: { build: /^build/, otherwise: 'dev' },
  vike: { build: /^(?:build|prerender)\b/, otherwise: 'dev' },
  blitz: toolStart,
  ace: { build: /^build\b/, otherwise: 'dev' },
  serve: dev,
  'http-server': dev,
  'local-web-server': dev,
  ws: dev,
  'live-server': dev,
  'lite-server': dev,
  'browser-sync': dev,
  'web-dev-server': dev,
  wds: dev,
  servor: dev,
  superstatic: dev,
  wrangler: dev,
  netlify: dev,
  vercel: dev,
  miniflare: dev,
  firebase: dev,
  budo: dev,
  reload: dev,
  'es-dev-server': dev,
  polymer: bundler,
  statikk: dev,
  'angular-http-server': dev,
  strapi: { dev: /^(?:dev|develop|watch-admin)\b/, build: /^(?:build|ts:)/, otherwise: 'server' },
  medusa: { dev: /^develop\b/, build: /^(?:build|exec|db:|migrations)/, otherwise: 'server' },
  keystone: { dev: /^dev\b/, build: /^(?:build|postinstall)/, otherwise: 'server' },
  turbo: {
    dev: /^(?:run )?(?:dev|develop|watch|serve)\b/,
    build: /^(?:run )?(?:build|lint|test|typecheck|prune)/,
    otherwise: 'server',
  },
  nx: { dev: /(?:^|:|run )(?:serve|dev|start)\b/, build: /build/, otherwise: 'server' },
  lerna: { dev: /(?:dev|watch|serve)\b/, build: /^(?:run build|bootstrap|build)/, otherwise: 'server' },
  rush: build,
  prisma: { dev: /^(?:studio|dev)\b/, build: /^(?:generate|validate|format)\b/, otherwise: 'server' },
  rimraf: build,
  'del-cli': build,
  del: build,
  mkdirp: build,
  cpy: build,
  cpx: build,
  copyfiles: build,
  eslint: build,
  prettier: build,
  jest: build,
  vitest: build,
  husky: build,
  'patch-package': build,
  'tsc-alias': build,
  'vue-tsc': build,
  'svelte-check': build,
  'npm-run-all': { otherwise: 'server' },
  contentlayer: bundler,
  'graphql-codegen': build,
  'lint-staged': build,
  typedoc: build,
};

/** Options of these tools that take the next word, and may precede the subcommand. */
const VALUED = new Set([
  '-c',
  '--config',
  '--cwd',
  '-p',
  '--port',
  '-h',
  '--host',
  '--mode',
  '-m',
  '--base',
  '--dir',
  '-r',
  '--rootDir',
  '--dotenv',
]);

/** Judges a program by its name (a path's last part, without its extension) and arguments. */
export function roleOfProgram(name: string, args: readonly string[]): ProgramRole {
  const rule = RULES[name];
  if (rule === undefined) return 'server';
  const words = subcommandFirst(args).join(' ');
  if (rule.dev?.test(words) === true) return 'dev';
  if (rule.build?.test(words) === true) return 'build';
  if (rule.tool?.test(words) === true) return /--watch|--debug|(?:^| )-w\b|--hmr/.test(words) ? 'dev' : 'tool';
  return rule.otherwise;
}

function subcommandFirst(args: readonly string[]): readonly string[] {
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    if (VALUED.has(word)) i++;
    else if (!word.startsWith('-')) return [...args.slice(i), ...args.slice(0, i)];
  }
  return args;
}
