import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLocales } from './locale.ts';

const locales = createLocales({
  basePath: '/base',
  trailingSlash: true,
  i18n: {
    locales: ['en', 'de', 'fr', 'nl-NL'],
    defaultLocale: 'en',
    domains: [
      { domain: 'example.de', defaultLocale: 'de', http: true },
      { domain: 'example.nl', defaultLocale: 'nl-NL', locales: ['fr'] },
    ],
  },
})!;
const home = (headers: Record<string, string>, host = 'site.localhost', path = '/', search = '') =>
  locales.redirect(path, search, host, headers);

test('an app without i18n has no locales', () => {
  assert.equal(createLocales({ basePath: '', trailingSlash: false }), undefined);
});

test('a locale at the start of a path is found whatever its case, and taken off', () => {
  assert.deepEqual(locales.split('/de/a/b'), { locale: 'de', rest: '/a/b' });
  assert.deepEqual(locales.split('/NL-nl'), { locale: 'nl-NL', rest: '/' });
  assert.deepEqual(locales.split('/den/a'), { locale: undefined, rest: '/den/a' });
  assert.deepEqual(locales.split('/'), { locale: undefined, rest: '/' });
});

test('a visitor of the home page is sent to the language that he prefers, cookie before header', () => {
  assert.equal(home({}), undefined);
  assert.equal(home({ 'accept-language': 'de-DE,de;q=0.9,en;q=0.5' }), '/base/de/');
  assert.equal(home({ 'accept-language': 'nl' }), '/base/nl-NL/', 'a prefix of a locale is enough');
  assert.equal(home({ 'accept-language': 'de;q=0.1, fr;q=0.9' }, 'site.localhost', '/', '?a=1'), '/base/fr/?a=1');
  assert.equal(home({ 'accept-language': 'de', cookie: 'a=1; NEXT_LOCALE=FR' }), '/base/fr/');
  assert.equal(home({ 'accept-language': 'de', cookie: 'NEXT_LOCALE=en' }), undefined);
  assert.equal(home({ 'accept-language': 'de' }, 'site.localhost', '/page'), undefined);
  assert.equal(home({ 'accept-language': 'de;q=0' }), undefined);
  assert.equal(home({ 'accept-language': 'de;x=1' }), undefined, 'not a header of this kind');
});

test('a domain has its own language, and others have theirs elsewhere', () => {
  assert.equal(locales.defaultFor('example.de'), 'de');
  assert.equal(home({}, 'example.de'), undefined);
  assert.equal(home({ 'accept-language': 'nl-NL' }, 'example.de'), 'https://example.nl/');
  assert.equal(home({ 'accept-language': 'fr' }, 'example.de'), 'https://example.nl/fr');
  assert.equal(home({ 'accept-language': 'de' }, 'example.nl'), 'http://example.de/');
  assert.equal(home({ cookie: 'NEXT_LOCALE=fr' }, 'example.de'), undefined);
});

test('whatever is in the headers, a visitor is sent to a locale of ours or stays', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (language, cookie) => {
      const target = home({ 'accept-language': language, cookie: `NEXT_LOCALE=${cookie}` });
      assert.match(target ?? '/base/de/', /^\/base\/(?:de|fr|nl-NL)\/$/);
    }),
  );
});
