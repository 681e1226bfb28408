/**
 * A server in the output of a framework's build, relative to the project. `*` stands for one name, the same wherever it
 * is used.
 */
export type BuiltServer = Readonly<{
  entry: string;
  /** Must exist too, to distinguish the output from a file of the same name. */
  beside?: string;
  /** Runs in this folder; `entry` stays relative to the project. */
  folder?: string;
  /** The folder that holds all it needs: no dependencies of the project are packaged. */
  whole?: string;
  /** Loads modules by names that cannot be traced: all production dependencies are packaged. */
  untraced?: true;
  /** The program of the dependencies that runs the entry, in place of Node. */
  program?: string;
  /** The entry only exports a fetch handler: our own server calls it. */
  handler?: true;
  /** A folder of files for browsers, served at this path. Only files with a hashed name are, unless it is a handler. */
  assets?: string;
  /** Variables that the server needs here, below those of the project. */
  environment?: Readonly<Record<string, string>>;
}>;

export type Framework = Readonly<{
  name: string;
  /** One of these is a dependency. */
  packages: readonly string[];
  /** Dependencies that indicate a server; absent: there is always one. */
  serves?: readonly string[];
  servers: readonly BuiltServer[];
  /** Where it writes a site without a server. */
  directories: readonly string[];
  spa: boolean;
  /** Variables of the build that make it write a server for Node. */
  build?: Readonly<{
    when: string;
    unless: readonly string[];
    environment: Readonly<Record<string, string>>;
    says: string;
  }>;
  /** The fix when the build left neither a server nor files. */
  fix: string;
}>;

const NITRO: BuiltServer = { entry: '.output/server/index.mjs', whole: '.output', assets: '.output/public' };
/** What the edge reports about the client, for SvelteKit's server, which otherwise takes every request for https. */
const SVELTE_HEADERS = {
  PROTOCOL_HEADER: 'x-forwarded-proto',
  HOST_HEADER: 'x-forwarded-host',
  ADDRESS_HEADER: 'x-forwarded-for',
};
/** Only hosts of the site reach its server, by the names that the edge sends, so Angular needs no list of them. */
const ANGULAR_HOSTS = {
  NG_ALLOWED_HOSTS: '*',
  NG_TRUST_PROXY_HEADERS: 'x-forwarded-for,x-forwarded-host,x-forwarded-proto',
};
const NITRO_FIX =
  'Let the build command run the framework\'s own build, and leave the Nitro preset at its default or set it to "node-server".';

/** Frameworks that build servers, the more particular first: Analog is an Angular, most are built with Vite. */
export const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'Nuxt',
    packages: ['nuxt', 'nuxt3', 'nuxt-nightly'],
    servers: [NITRO],
    directories: ['.output/public', 'dist'],
    spa: false,
    fix: NITRO_FIX,
  },
  {
    name: 'Analog',
    packages: ['@analogjs/platform'],
    servers: [
      { entry: 'dist/analog/server/index.mjs', whole: 'dist/analog', assets: 'dist/analog/public' },
      { entry: 'dist/*/analog/server/index.mjs', whole: 'dist/*/analog', assets: 'dist/*/analog/public' },
      NITRO,
    ],
    directories: ['dist/analog/public', 'dist/client', 'dist'],
    spa: true,
    fix: NITRO_FIX,
  },
  {
    name: 'SolidStart',
    packages: ['@solidjs/start', 'solid-start'],
    servers: [
      NITRO,
      { entry: 'dist/server/entry-server.js', handler: true, assets: 'dist/client' },
      { entry: 'dist/server/server.js', handler: true, assets: 'dist/client' },
      { entry: 'dist/server.js', beside: 'dist/public' },
    ],
    directories: ['.output/public', 'dist/public', 'dist/client', 'dist'],
    spa: true,
    fix: NITRO_FIX,
  },
  {
    name: 'TanStack Start',
    packages: ['@tanstack/react-start', '@tanstack/solid-start', '@tanstack/vue-start', '@tanstack/start'],
    servers: [
      NITRO,
      { entry: 'dist/server/server.js', handler: true, assets: 'dist/client' },
      { entry: 'dist/server/index.js', handler: true, assets: 'dist/client' },
      { entry: 'dist/server/index.mjs', handler: true, assets: 'dist/client' },
    ],
    directories: ['.output/public', 'dist/client', 'dist'],
    spa: true,
    fix: 'Let the build command run "vite build" with the plugin of TanStack Start, without a preset of another host.',
  },
  {
    name: 'SvelteKit',
    packages: ['@sveltejs/kit'],
    serves: ['@sveltejs/adapter-node', '@sveltejs/adapter-auto'],
    servers: [{ entry: 'build/index.js', beside: 'build/client', assets: 'build/client', environment: SVELTE_HEADERS }],
    directories: ['build', 'dist', 'public'],
    spa: false,
    build: {
      when: '@sveltejs/adapter-auto',
      unless: ['@sveltejs/adapter-node', '@sveltejs/adapter-static'],
      environment: { GCP_BUILDPACKS: '1' },
      says: "SvelteKit's adapter-auto builds for Node here: it adds @sveltejs/adapter-node to every build. Install that and use it in the configuration for faster builds.",
    },
    fix: "Run: npm install -D @sveltejs/adapter-node. Then import it in the SvelteKit configuration: import adapter from '@sveltejs/adapter-node'",
  },
  {
    name: 'Astro',
    packages: ['astro'],
    serves: ['@astrojs/node'],
    servers: [{ entry: 'dist/server/entry.mjs', assets: 'dist/client', environment: { HOST: '0.0.0.0' } }],
    directories: ['dist'],
    spa: false,
    fix: 'Run: npx astro add node. Pages that are rendered on request need that adapter.',
  },
  {
    name: 'React Router',
    packages: ['@react-router/dev'],
    servers: [
      { entry: 'build/server/index.js', program: 'react-router-serve', assets: 'build/client' },
      { entry: 'build/server/*/index.js', program: 'react-router-serve', assets: 'build/client' },
    ],
    directories: ['build/client'],
    spa: true,
    fix: 'Let the build command run "react-router build".',
  },
  {
    name: 'Remix',
    packages: ['@remix-run/dev'],
    servers: [
      { entry: 'build/server/index.js', program: 'remix-serve', assets: 'build/client' },
      { entry: 'build/index.js', beside: 'public/build', program: 'remix-serve' },
    ],
    directories: ['build/client'],
    spa: true,
    fix: 'Let the build command run "remix vite:build".',
  },
  {
    name: 'AdonisJS',
    packages: ['@adonisjs/core'],
    servers: [
      { entry: 'build/bin/server.js', folder: 'build', untraced: true, environment: { HOST: '0.0.0.0' } },
      { entry: 'build/server.js', folder: 'build', untraced: true, environment: { HOST: '0.0.0.0' } },
    ],
    directories: [],
    spa: false,
    fix: 'Let the build command run "node ace build".',
  },
  {
    name: 'NestJS',
    packages: ['@nestjs/core'],
    servers: [
      { entry: 'dist/main.js' },
      { entry: 'dist/src/main.js' },
      { entry: 'dist/apps/*/main.js' },
      { entry: 'dist/main.mjs' },
    ],
    directories: [],
    spa: false,
    fix: 'Let the build command run "nest build", and set the start command to the file that it writes: anchor projects update --start "node dist/main"',
  },
  {
    name: 'Angular',
    packages: ['@angular/cli', '@angular/build', '@angular-devkit/build-angular'],
    serves: ['@angular/ssr', '@nguniversal/express-engine'],
    servers: [
      { entry: 'dist/*/server/server.mjs', assets: 'dist/*/browser', environment: ANGULAR_HOSTS },
      { entry: 'dist/server/server.mjs', assets: 'dist/browser', environment: ANGULAR_HOSTS },
      { entry: 'dist/*/server/main.js', assets: 'dist/*/browser', environment: ANGULAR_HOSTS },
    ],
    directories: ['dist/*/browser', 'dist/browser', 'dist/*', 'dist', 'www/browser', 'www'],
    spa: true,
    fix: 'Let the build command run "ng build" for the application.',
  },
  {
    name: 'Qwik',
    packages: ['@builder.io/qwik-city', '@qwik.dev/router'],
    servers: ['entry.node-server.js', 'entry.express.js', 'entry.fastify.js', 'entry.node.js'].map((file) => ({
      entry: `server/${file}`,
      assets: 'dist',
    })),
    directories: ['dist'],
    spa: false,
    fix: 'Run: npm run qwik add node-server. Pages that are rendered on request need that adapter.',
  },
  {
    name: 'Vike',
    packages: ['vike'],
    serves: ['vike-server', '@vikejs/express', '@vikejs/hono', '@vikejs/fastify', '@vikejs/photon', 'vike-photon'],
    servers: [
      { entry: 'dist/server/index.mjs', assets: 'dist/client' },
      { entry: 'dist/server/index.js', assets: 'dist/client' },
    ],
    directories: ['dist/client'],
    spa: false,
    fix: 'Add a "start" script to package.json that runs the server.',
  },
  {
    name: 'Quasar',
    packages: ['@quasar/app-vite', '@quasar/app-webpack'],
    serves: [],
    servers: [{ entry: 'dist/ssr/index.js', folder: 'dist/ssr' }],
    directories: ['dist/spa', 'dist/pwa'],
    spa: true,
    fix: 'Let the build command run "quasar build".',
  },
  {
    name: 'Nitro',
    packages: ['nitro', 'nitropack', 'vinxi'],
    servers: [NITRO],
    directories: ['.output/public'],
    spa: false,
    fix: NITRO_FIX,
  },
];

/**
 * Variables by which Nitro and adapters take the machine for another host and build for that. Applications may read
 * them, so they stay where no such framework builds, and at run time.
 */
export const OTHER_HOST: readonly string[] = ['VERCEL_ENV', 'VERCEL_TARGET_ENV'];

/** Servers that a build may leave without naming the framework that wrote them. */
export const ANY_SERVER: readonly BuiltServer[] = [{ ...NITRO, beside: '.output/nitro.json' }];

export const frameworkOf = (has: (name: string) => boolean): Framework | undefined =>
  FRAMEWORKS.find(({ packages }) => packages.some(has));
