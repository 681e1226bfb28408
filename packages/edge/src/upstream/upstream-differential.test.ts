import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { node, own, send } from './fixtures/scripted-function.ts';

/** Returns whether bytes follow the end of the response at the start of `text`. */
function hasMore(text: string): boolean {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  if (/^HTTP\/1\.1 (?:204|304) /.test(text)) return body !== '';
  if (text.includes('transfer-encoding: chunked'))
    return (/(?:^|\r\n)0(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n(.?)/s.exec(body)?.[1] ?? '') !== '';
  return body.length > Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Infinity);
}

const alike = (head: string): string =>
  head.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replace(/\r\nDate: [^\r]*/gi, '');

test('whatever a function sends, cut anywhere: what is passed on is what node:http passes on, and no connection is put out of step', async () => {
  const field = fc.constantFrom(
    'content-length: 5',
    'content-length: 0',
    'content-length: 7',
    'Content-Length: 05',
    'content-length: x',
    'transfer-encoding: chunked',
    'transfer-encoding: gzip',
    'connection: close',
    'connection: keep-alive, x-a',
    'keep-alive: timeout=5',
    'x-a: 1',
    'x-a: 2',
    'set-cookie: a=1',
    'x-anchor-serve: /file.txt',
    'x-anchor-evil: 1',
    'trailer: x-t',
    'date: now',
    'x-empty:',
    'x: a\r\n b',
    'x : y',
    'nocolon',
    'x-nextjs-cache: HIT',
  );
  const body = fc.constantFrom(
    'hello',
    '',
    '5\r\nhello\r\n0\r\n\r\n',
    '5;a\r\nhello\r\n0\r\nx-t: 1\r\n\r\n',
    '5\r\nhel',
    '0\r\n\r\n',
    'z\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    'helloHTTP/1.1 200 OK\r\n\r\n',
    '\r\n',
    '\n',
    '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
  );
  const line = fc.constantFrom(
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 404 Not Found',
    'HTTP/1.1 204 No',
    'HTTP/1.1 304 N',
    'HTTP/1.0 200 OK',
    'HTTP/1.1 200',
    'HTTP/1.1 999 Odd',
    'HTTP/1.1 20 X',
    'HTTP/1.1  200 OK',
    'XTTP/1.1 200 OK',
  );
  const response = fc
    .record({ line, fields: fc.array(field, { maxLength: 4 }), body, more: body })
    .map(
      ({ line: first, fields, body: content, more }) =>
        `${first}\r\n${fields.map((text) => `${text}\r\n`).join('')}\r\n${content}${more}`,
    );
  await fc.assert(
    fc.asyncProperty(response, fc.array(fc.nat(200), { maxLength: 4 }), async (text, cuts) => {
      const bytes = Buffer.from(text, 'latin1');
      const offsets = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
        (a, b) => a - b,
      );
      const pieces = offsets
        .map((to, i) => bytes.subarray(offsets[i - 1] ?? 0, to))
        .filter((piece) => piece.length > 0);
      const [ours, theirs] = await Promise.all([send(own, { pieces, end: true }), send(node, { pieces, end: true })]);
      // Stricter than node:http we may be, more generous never.
      if (ours.status === 502 || ours.after === 'ended') return;
      // Bytes after the end: node:http's client discards the response, ours discards only the connection.
      if (theirs.after === 'ended' && hasMore(text)) return;
      assert.deepEqual(
        { head: alike(ours.head), body: ours.body },
        { head: alike(theirs.head), body: theirs.body },
        JSON.stringify({ text, cuts }),
      );
    }),
    { numRuns: 400, seed: 20261121 },
  );
});
