import assert from 'node:assert/strict';
import { test } from 'node:test';
import { terminalSvg } from './terminal-svg.ts';

test('a recording shows what was left on the terminal, without tokens and without control characters', () => {
  const svg = terminalSvg(
    [
      [0, 'a <b> & "c"\r\n10%\r50%\r100% done\u001b[K\r\n'],
      [90_000, '\u001b[32mToken\u001b[0m anc_abcdefghijklmnopqrstuvwxyz\r\n'],
    ],
    './up',
  );
  assert.match(svg, />a &lt;b&gt; &amp; &quot;c&quot;</);
  assert.match(svg, />100% done</);
  assert.ok(!svg.includes('50%\r') && !svg.includes('abcdefghijkl') && !svg.includes('\u001b'));
  assert.match(svg, />\$ \.\/up</);
  const delays = [...svg.matchAll(/animation-delay:(\d+)ms/g)].map((match) => Number(match[1]));
  assert.ok(delays.at(-1)! < 1000, 'a long wait is cut short');
});
