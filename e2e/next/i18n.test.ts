import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Browser } from 'playwright-core';
import { inTab, mark, marked } from '../browser.ts';
import { plain, type HttpResponse, type Platform } from '../platform.ts';
import { compareAll } from './compare.ts';
import { requests } from './i18n/requests.ts';
import { buildIdOf, heading } from './pages-router/text.ts';
import { inEveryPhase, type Site } from './site.ts';
import { useStage } from './stage.ts';

/**
 * Locales with basePath, assetPrefix, trailingSlash and middleware on the edge runtime: from zero and with two
 * processes. The domain with a language of its own is the address of the branch.
 */
let platform: Platform;
let site: Site;
let browser: Browser;

const GERMAN = 'i18n-git-main.localhost';
const german = (path: string, headers: Record<string, string> = {}): Promise<HttpResponse> =>
  plain(platform.edgePort, GERMAN, path, { headers });

const stage = useStage(['browser', 'reference'], { app: 'i18n', hold: '/base/api/hold/' }, (stage) => {
  ({ platform, site, browser } = stage);
});

inEveryPhase(
  () => site,
  (phase) => {
    test('the locale is in the path, the default one is not', async () => {
      for (const [path, locale] of [
        ['/base/ssg/', 'en'],
        ['/base/en/ssg/', 'en'],
        ['/base/de/ssg/', 'de'],
        ['/base/fr/ssg/', 'fr'],
        ['/base/nl-NL/ssg/', 'nl-NL'],
        ['/base/nl-nl/ssg/', 'nl-NL'],
      ] as const) {
        assert.match(heading(await site.request(path)), new RegExp(`^static locale=${locale} `), path);
      }
      assert.match(
        heading(await site.request('/base/fr/ssr/?x=1')),
        /"locale":"fr","defaultLocale":"en","query":"\{\\"x\\":\\"1\\"\}"/,
      );
      assert.equal((await site.request('/base/xx/ssg/')).status, 404);
    });

    test('getStaticPaths by locale, with fallback false and true', async () => {
      assert.equal(heading(await site.request('/base/posts/first/')), 'post first locale=en');
      assert.equal(heading(await site.request('/base/de/posts/erster/')), 'post erster locale=de');
      assert.equal((await site.request('/base/posts/erster/')).status, 404);
      assert.equal((await site.request('/base/de/posts/first/')).status, 404);
      assert.equal(heading(await site.request(`/base/de/lazy/${phase.replaceAll(' ', '-')}/`)), 'The fallback');
    });

    test("the visitor's language: accept-language, the cookie before it, and only at the root", async () => {
      const leads = async (headers: Record<string, string>, path = '/base/') => {
        const response = await site.request(path, { headers });
        return response.status === 307 ? response.headers.location : response.status;
      };
      assert.equal(await leads({}), 200);
      assert.equal(await leads({ 'accept-language': 'de-DE,de;q=0.9,en;q=0.5' }), '/base/de/');
      assert.equal(await leads({ 'accept-language': 'de-DE,de;q=0.9' }, '/base/?x=1'), '/base/de/?x=1');
      assert.equal(await leads({ 'accept-language': 'en-US,en;q=0.9,de;q=0.8' }), 200);
      assert.equal(await leads({ 'accept-language': 'de', cookie: 'NEXT_LOCALE=fr' }), '/base/fr/');
      assert.equal(await leads({ 'accept-language': 'de', cookie: 'NEXT_LOCALE=en' }), 200);
      assert.equal(await leads({ 'accept-language': 'de' }, '/base/ssg/'), 200);
      assert.equal(await leads({ cookie: 'NEXT_LOCALE=fr' }, '/base/de/'), 200);
    });

    test('a domain has a default language of its own, and sends visitors of another to theirs', async () => {
      assert.match(heading(await german('/base/ssg/')), /^static locale=de /);
      assert.match(heading(await german('/base/en/ssg/')), /^static locale=en /);
      assert.match(heading(await german('/base/ssr/')), /"locale":"de","defaultLocale":"de"/);
      assert.equal((await german('/base/', { 'accept-language': 'nl-NL' })).headers.location, 'http://example.nl/');
      assert.equal((await german('/base/', { 'accept-language': 'fr' })).headers.location, 'http://example.nl/fr');
      assert.equal((await german('/base/', { 'accept-language': 'de' })).status, 200);
    });

    test('a cached page is not mistaken for the same path in the language of another domain', async () => {
      const bot = { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' };
      for (let i = 0; i < 6; i++) {
        assert.equal(heading(await site.request('/base/lazy/kept/', { headers: bot })), 'lazy kept locale=en');
        assert.equal(heading(await german('/base/lazy/kept/', bot)), 'lazy kept locale=de');
      }
    });

    test('trailingSlash: pages get their slash, files lose theirs, both with the query', async () => {
      for (const [path, location] of [
        ['/base/ssg', '/base/ssg/'],
        ['/base/de/ssg?x=1', '/base/de/ssg/?x=1'],
        ['/base', '/base/'],
        ['/base/api/hello', '/base/api/hello/'],
        ['/base/file.txt/', '/base/file.txt'],
      ] as const) {
        const response = await site.request(path);
        assert.deepEqual([path, response.status, response.headers.location], [path, 308, location]);
      }
    });

    test('basePath: pages, API routes, files, data and images are below it and nowhere else', async () => {
      assert.deepEqual(JSON.parse((await site.request('/base/api/hello/?x=1')).body).query, { x: '1' });
      assert.equal((await site.request('/base/file.txt')).body, 'plain file\n');
      assert.equal((await site.request('/base/.well-known/known.txt')).body, 'known\n');
      const image = await site.request('/base/_next/image/?url=%2Fbase%2Fpic.png&w=64&q=75', {
        headers: { accept: 'image/webp' },
      });
      assert.deepEqual([image.status, image.headers['content-type']], [200, 'image/webp']);
      for (const path of ['/ssg/', '/api/hello/', '/file.txt', '/_next/image/?url=%2Fpic.png&w=64&q=75', '/de/ssg/'])
        assert.equal((await site.request(path)).status, 404, path);
    });

    test('assetPrefix: scripts, styles and pictures come from below it', async () => {
      const { body } = await site.request('/base/ssr/');
      const scripts = [...body.matchAll(/src="(\/cdn\/_next\/[^"]+)"/g)].map(([, path]) =>
        (path ?? '').replaceAll('&amp;', '&'),
      );
      assert.ok(scripts.length > 2, body.slice(0, 500));
      for (const path of scripts) {
        const response = await site.request(path);
        assert.deepEqual([path, response.status], [path, 200]);
        if (path.includes('/chunks/')) assert.match(String(response.headers['cache-control']), /immutable/, path);
      }
    });

    test('redirects, rewrites and headers with a locale, without one, and outside of the basePath', async () => {
      const leads = async (path: string) => (await site.request(path)).headers.location;
      assert.deepEqual(
        [
          await leads('/base/old/'),
          await leads('/base/de/old/'),
          await leads('/base/de/alt/'),
          await leads('/outside/'),
        ],
        ['/base/ssg', `http://${GERMAN}/base/ssg`, '/base/de/ssg', '/base/ssg/'],
        'German has its own domain',
      );
      assert.equal(heading(await site.request('/base/de/written/erster/')), 'post erster locale=de');
      assert.match(heading(await site.request('/base/de/geschrieben/')), /^static locale=de /);
      assert.equal((await site.request('/base/geschrieben/')).status, 404);
      assert.match(heading(await site.request('/base/fr/any/')), /"locale":"fr"/);
      assert.equal((await site.request('/base/de/ssr/')).headers['x-from-locale'], 'de');
      assert.equal((await site.request('/everywhere')).headers['x-from-outside'], 'yes');
    });

    test('middleware.ts on the edge runtime: responses, redirects, rewrites and headers, with basePath and locale taken off', async () => {
      assert.deepEqual(JSON.parse((await site.request('/base/de/mw/answer/')).body), {
        path: '/mw/answer/',
        locale: 'de',
        basePath: '/base',
        runtime: 'edge',
      });
      assert.equal((await site.request('/base/fr/mw/redirect/')).headers.location, '/base/fr/ssg/');
      assert.match(heading(await site.request('/base/de/mw/rewrite/')), /"locale":"de".*\\"by\\":\\"middleware\\"/);
      const seen = await site.request('/base/fr/ssr/');
      assert.deepEqual(JSON.parse(String(seen.headers['x-edge-seen'])), {
        path: '/ssr/',
        locale: 'fr',
        basePath: '/base',
        runtime: 'edge',
      });
      assert.deepEqual(seen.headers['set-cookie'], ['edge=1; Path=/']);
    });

    test('middleware.ts: a matcher with locale: false is for that path alone', async () => {
      assert.ok((await site.request('/base/de/nur-deutsch/')).headers['x-edge-seen'] !== undefined);
      assert.equal((await site.request('/base/nur-deutsch/')).headers['x-edge-seen'], undefined);
      assert.equal((await site.request('/base/fr/nur-deutsch/')).headers['x-edge-seen'], undefined);
    });

    test('pages for what is missing and what failed are in the language of the path', async () => {
      const missing = await site.request('/base/de/none/');
      assert.deepEqual([missing.status, heading(missing)], [404, 'nothing here, locale=de']);
      assert.equal(heading(await german('/base/none/')), 'nothing here, locale=de');
      const failed = await site.request('/base/fr/boom/');
      assert.deepEqual([failed.status, heading(failed)], [500, 'own page for what failed']);
      assert.match(failed.body, /"locale":"fr"/);
    });

    test('data by locale', async () => {
      const id = buildIdOf(await site.request('/base/ssr/'));
      const data = async (path: string) =>
        JSON.parse((await site.request(`/base/_next/data/${id}/${path}`, { headers: { 'x-nextjs-data': '1' } })).body)
          .pageProps;
      assert.equal((await data('de/ssg.json')).locale, 'de');
      assert.equal((await data('fr/ssr.json?x=1')).query, '{"x":"1"}');
      assert.deepEqual(await data('de/posts/erster.json?slug=erster'), { slug: 'erster', locale: 'de' });
    });

    test('res.revalidate of one locale leaves the others as they are', async () => {
      const [before, other] = [
        heading(await site.request('/base/de/ssg/')),
        heading(await site.request('/base/fr/ssg/')),
      ];
      assert.equal((await site.request('/base/api/revalidate/?path=/base/de/ssg')).body, '{"revalidated":true}');
      assert.notEqual(heading(await site.request('/base/de/ssg/')), before);
      assert.equal(heading(await site.request('/base/fr/ssg/')), other);
    });

    test('browser: links keep the locale or change it, and nothing is reloaded', () =>
      inTab(
        browser,
        site.url('/base/ssr/'),
        async (page) => {
          const shows = (text: string) =>
            page.waitForFunction((part) => document.body.textContent?.includes(part), text);
          await shows('locale=en default=en');
          await mark(page);
          await page.click('#count');
          await page.click('#here');
          await shows('static locale=en');
          assert.equal(new URL(page.url()).pathname, '/base/ssg/');
          await page.click('#post');
          await shows('post first locale=en');
          await page.click('#lazy');
          await shows('lazy by-link locale=en');
          assert.equal(await page.textContent('#count'), '1');
          assert.equal(await marked(page), true);
        },
        { expected: ['favicon.ico'] },
      ));

    test('browser: pictures through the optimizer, imported and from public/', () =>
      inTab(
        browser,
        site.url('/base/picture/'),
        async (page) => {
          await page.waitForFunction(
            () =>
              [...document.images].length === 2 &&
              [...document.images].every((image) => image.complete && image.naturalWidth > 0),
          );
        },
        { expected: ['favicon.ico'] },
      ));
  },
);

test('every request gets the response of next start, but for what is explained', async () => {
  const ours = { buildId: buildIdOf(await site.request('/base/ssr/')), request: site.request };
  assert.deepEqual(await compareAll(ours, stage.reference, requests), []);
});
