import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  conditionsHold,
  fillTemplate,
  readCookie,
  withQuery,
  type Condition,
  type RequestFacts,
} from './route-rules.ts';

const facts = (more: Partial<RequestFacts> = {}): RequestFacts => ({
  header: () => undefined,
  cookies: undefined,
  query: () => undefined,
  host: 'site.localhost',
  ...more,
});
const condition = (type: string, key: string, value?: string): Condition<undefined> => ({
  type,
  key,
  match:
    value === undefined
      ? undefined
      : (text) => {
          const match = new RegExp(`^(?:${value})$`).exec(text);
          return match === null ? undefined : (match.groups ?? {});
        },
});
function captured(has: readonly Condition<undefined>[], missing: readonly Condition<undefined>[], from: RequestFacts) {
  const captures = new Map<string, string>();
  return conditionsHold({ has, missing }, from, undefined, captures) ? Object.fromEntries(captures) : undefined;
}

test('all of has and none of missing hold, by the whole value', () => {
  const has = [condition('header', 'X-Who', '(?<name>\\w+)!')];
  const missing = [condition('cookie', 'out', 'yes')];
  const header = (value: string) => ({ header: (name: string) => (name === 'x-who' ? value : undefined) });
  assert.deepEqual(captured(has, missing, facts({ ...header('me!'), cookies: 'a=1; out=no' })), { name: 'me' });
  assert.equal(captured(has, missing, facts(header('it is me!'))), undefined);
  assert.equal(captured(has, missing, facts({ ...header('me!'), cookies: 'out=yes' })), undefined);
});

test('a condition without a value captures by its name, with letters only too; an empty value is none', () => {
  const query = (value: string) => facts({ query: (name) => (name === 'my-id' ? value : undefined) });
  assert.deepEqual(captured([condition('query', 'my-id')], [], query('7')), { 'my-id': '7', myid: '7' });
  assert.equal(captured([condition('query', 'my-id')], [], query('')), undefined);
  assert.equal(captured([condition('query', 'my-id', '.*')], [], query('')), undefined);
});

test('a host without groups is captured as host, a group that took no part as nothing', () => {
  assert.deepEqual(captured([condition('host', '', 'site\\..*')], [], facts()), { host: 'site.localhost' });
  assert.deepEqual(captured([condition('host', '', '(?<a>site)?(?<b>x)?.*')], [], facts()), { a: 'site', b: '' });
});

test('a text that is equal but does not match its expression does not hold', () => {
  assert.equal(captured([condition('cookie', 'c', 'a+b')], [], facts({ cookies: 'c=a+b' })), undefined);
});

test("a cookie's value is decoded; a malformed one stays as it is", () => {
  assert.equal(readCookie('a=1; b=x%20y; b=z', 'b'), 'x y');
  assert.equal(readCookie('b=%zz', 'b'), '%zz');
  assert.equal(readCookie('=1; bb=1', 'b'), undefined);
  assert.equal(readCookie(undefined, 'b'), undefined);
});

test('captures are put in by number and name, the longest that is known; what is not known stays', () => {
  const captures = new Map([
    ['1', 'a%20b'],
    ['2', ''],
    ['where', 'there'],
    ['x-who', 'me'],
    ['user_id', '7'],
  ]);
  const fill = (template: string) => fillTemplate(template, (name) => captures.get(name));
  assert.equal(fill('/to/$1/$where?x=$x-who&y=$none&z=$user_id'), '/to/a%20b/there?x=me&y=$none&z=7');
  assert.equal(fill('/$1st'), '/a%20bst');
  assert.equal(fill('/base/$2'), '/base', 'an empty part is removed with its slash');
  assert.equal(fill('/base/$2/end?q=$2'), '/base/end?q=');
});

test('a template of one endless name is filled in time that grows with its length', () => {
  let lookups = 0;
  const template = `/$${'a'.repeat(100_000)}`;
  assert.equal(
    fillTemplate(template, () => void lookups++),
    template,
  );
  assert.ok(lookups < 1_000, `${lookups} lookups`);
  const long = 'b'.repeat(500);
  assert.equal(
    fillTemplate(`/$${long}/$id_${long}`, (name) => ({ [long]: 'whole', id: '7' })[name]),
    `/whole/7_${long}`,
  );
});

test("a redirect keeps the request's query, its own parameters win, a fragment stays last", () => {
  assert.equal(withQuery('/a', 'x=1'), '/a?x=1');
  assert.equal(withQuery('/a?x=2', 'x=1&y=3'), '/a?x=2&y=3');
  assert.equal(withQuery('/a?x=2', 'x=1'), '/a?x=2');
  assert.equal(withQuery('/a#part#two', 'x=1'), '/a?x=1#part#two');
  assert.equal(withQuery('/a', ''), '/a');
});
