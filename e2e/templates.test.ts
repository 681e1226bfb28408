/**
 * The starter templates of frameworks, deployed unchanged: each as its own `create` command writes it, with a lock
 * file, without its tests and editor settings. The templates of Nuxt, Astro, React Router, Remix, SolidStart, AdonisJS
 * and Analog are copied by hand, because their commands fetch them from git hosts. Prints a table of size and time.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createProject, logOf, newest } from './helpers.ts';
import { startPlatform, type Platform } from './platform.ts';
import { APPS, createRepository } from './repository.ts';

type Template = Readonly<{
  folder: string;
  package: string;
  says: RegExp;
  runs: RegExp;
  maxMb: number;
  variables?: Readonly<Record<string, string>>;
}>;

const TEMPLATES: readonly Template[] = [
  { folder: 'sveltekit', package: '@sveltejs/kit', says: /Welcome to SvelteKit/, runs: /build\/index\.js/, maxMb: 30 },
  { folder: 'nuxt', package: 'nuxt', says: /Nuxt/, runs: /\.output\/server\/index\.mjs/, maxMb: 30 },
  { folder: 'astro', package: 'astro', says: /<h1>Astro<\/h1>/, runs: /dist\/server\/entry\.mjs/, maxMb: 60 },
  {
    folder: 'react-router',
    package: '@react-router/serve',
    says: /What(?:'|&#x27;)s next\?/,
    runs: /react-router-serve .*build\/server\/index\.js/,
    maxMb: 40,
  },
  {
    folder: 'remix',
    package: '@remix-run/serve',
    says: /Welcome to Remix/,
    runs: /remix-serve .*build\/server\/index\.js/,
    maxMb: 40,
  },
  { folder: 'angular', package: '@angular/ssr', says: /Hello, angular/, runs: /server\.mjs/, maxMb: 40 },
  {
    folder: 'analog',
    package: '@analogjs/platform',
    says: /<h2[^>]*>Analog<\/h2>/,
    runs: /dist\/analog\/server/,
    maxMb: 40,
  },
  { folder: 'nest', package: '@nestjs/core', says: /^Hello World!$/, runs: /node dist\/main/, maxMb: 40 },
  {
    folder: 'adonis',
    package: '@adonisjs/core',
    says: /"hello":"world"/,
    runs: /node bin\/server\.js \(in build\)/,
    maxMb: 60,
    variables: { APP_KEY: 'a-key-of-thirty-two-characters-00' },
  },
  {
    folder: 'solid-start',
    package: '@solidjs/start',
    says: /<h1[^>]*>Hello world!/,
    runs: /\.output\/server\/index\.mjs/,
    maxMb: 30,
  },
  {
    folder: 'tanstack',
    package: '@tanstack/react-start',
    says: /TanStack/,
    runs: /dist\/server\/server\.js/,
    maxMb: 40,
  },
];
const only = process.env['TEMPLATES']?.split(',');

let platform: Platform;
const table: string[] = [];
before(async () => {
  platform = await startPlatform();
});
after(async () => {
  await platform.stop();
  console.log(
    [
      '| framework | version | manager | size | push → live | live |',
      '|---|---|---|---|---|---|',
      ...table.sort(),
    ].join('\n'),
  );
});

const versionOf = (folder: string, name: string): string => {
  const lock = JSON.parse(readFileSync(join(APPS, 'templates', folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string }>;
  };
  return lock.packages[`node_modules/${name}`]?.version ?? '?';
};

describe('starter templates go live unchanged', { concurrency: 2 }, () => {
  for (const { folder, package: name, says, runs, maxMb, variables } of TEMPLATES.filter(
    ({ folder }) => only === undefined || only.includes(folder),
  )) {
    test(folder, async () => {
      await createProject(platform, folder);
      if (variables !== undefined)
        await platform.api('PUT', `/api/projects/${folder}/environments/production/variables`, {
          variables: Object.entries(variables).map(([name, value]) => ({ name, value, secret: false })),
        });
      const repository = await createRepository(join(APPS, 'templates', folder));
      try {
        await repository.commit({});
        const startedAt = performance.now();
        const pushed = await repository.push(platform, folder);
        const seconds = Math.round((performance.now() - startedAt) / 1_000);
        const size = Number(/files, ([\d.]+) MB/.exec(pushed.output)?.[1] ?? Number.NaN);
        const live = /Live at/.test(pushed.output);
        table.push(
          `| ${folder} | ${versionOf(folder, name)} | npm | ${size} MB | ${seconds} s | ${live ? 'yes' : 'no'} |`,
        );
        assert.ok(live, pushed.output);
        const home = await platform.request(`${folder}.localhost`, '/');
        assert.equal(home.status, 200, home.body.slice(0, 500));
        assert.match(home.body, says);
        assert.ok(size < maxMb, `${size} MB: development dependencies have come along`);
        const log = await logOf(platform, (await newest(platform, folder)).id);
        assert.match(/^Start command: (.+)$/m.exec(log)?.[1] ?? '', runs);
        // An asset of its pages exists: a stylesheet or a script of the build, from the edge.
        const asset = /(?:src|href)="(\/?[^":]*\.(?:js|css|mjs))"/.exec(home.body)?.[1];
        if (asset !== undefined)
          assert.equal(
            (await platform.request(`${folder}.localhost`, asset.startsWith('/') ? asset : `/${asset}`)).status,
            200,
            asset,
          );
      } finally {
        await repository.remove();
      }
    });
  }
});
