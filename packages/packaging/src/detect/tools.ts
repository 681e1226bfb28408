/** Tools, libraries and folders by which detection knows what a project is. */

/** Dependencies that make a single-page application when there is no server to start. */
export const SPA_TOOLS: readonly string[] = [
  'vite',
  'react-scripts',
  '@vue/cli-service',
  '@angular/cli',
  '@angular/build',
  'parcel',
  'parcel-bundler',
  '@rsbuild/core',
  'webpack-dev-server',
  'preact-cli',
  '@farmfe/core',
  '@rspack/cli',
  'ember-cli',
];

/** Dependencies that write many pages, so that an unknown path is a 404 although they may use vite underneath. */
export const SITE_TOOLS: readonly string[] = [
  'astro',
  '@11ty/eleventy',
  'gatsby',
  'vitepress',
  'vuepress',
  '@docusaurus/core',
  'hexo',
  'hugo-bin',
  'nuxt',
  '@sveltejs/kit',
  'metalsmith',
  '@rspress/core',
  'rspress',
  'storybook',
  '@vuepress/core',
];

/** Dependencies that make a package without a start script a server all the same. */
export const SERVER_LIBRARIES: readonly string[] = [
  'express',
  'fastify',
  'koa',
  'hono',
  '@hono/node-server',
  '@hapi/hapi',
  'polka',
  'restify',
  'connect',
  'h3',
  'elysia',
  'micro',
  '@feathersjs/koa',
  '@feathersjs/express',
  'socket.io',
  'ws',
  'apollo-server',
  '@apollo/server',
  'graphql-yoga',
  'sails',
  '@loopback/core',
  '@trpc/server',
  'json-server',
  'moleculer',
];

/**
 * Builds of tools where package.json has no script for it, the more particular first. `file` shows that the tool builds
 * an application here: without its build the sources, or a template, would be taken for the site.
 */
export const TOOL_BUILDS: readonly Readonly<{ tool: string; file?: string; build: string }>[] = [
  { tool: 'nuxt', build: 'nuxt build' },
  { tool: 'astro', file: 'src/', build: 'astro build' },
  { tool: '@sveltejs/kit', file: 'src/', build: 'vite build' },
  { tool: '@react-router/dev', file: 'app/', build: 'react-router build' },
  { tool: 'react-scripts', file: 'public/', build: 'react-scripts build' },
  { tool: '@vue/cli-service', file: 'public/', build: 'vue-cli-service build' },
  { tool: '@angular/cli', file: 'angular.json', build: 'ng build' },
  { tool: 'gatsby', file: 'src/', build: 'gatsby build' },
  { tool: '@docusaurus/core', file: 'src/', build: 'docusaurus build' },
  { tool: '@rsbuild/core', file: 'src/', build: 'rsbuild build' },
  { tool: 'preact-cli', file: 'src/', build: 'preact build' },
  { tool: 'parcel', file: 'index.html', build: 'parcel build index.html' },
  { tool: 'vite', file: 'index.html', build: 'vite build' },
];

/** Their `public/index.html` is a template of the page, never the page. */
export const TEMPLATE_TOOLS: readonly string[] = ['react-scripts', '@vue/cli-service'];

export const OUTPUT_DIRECTORIES: readonly string[] = [
  'dist',
  'out',
  'build',
  '_site',
  '.output/public',
  '.vitepress/dist',
  'docs/.vitepress/dist',
  '.vuepress/dist',
  'docs/.vuepress/dist',
  'docs/dist',
  'doc_build',
  'storybook-static',
  'dist/client',
  'dist/public',
  'build/client',
  'www',
  'public',
];

export const PLAIN_DIRECTORIES: readonly string[] = ['public', 'dist', 'out', '_site', 'www'];
