/** The output of a program, with its times: milliseconds since its start. */
export type Recording = readonly (readonly [at: number, text: string])[];

const COLUMNS = 104;
const ROWS = 34;
const LINE = 19;
const CHARACTER = 8.42;
const PADDING = 18;
const BAR = 34;
/** Waiting is boring: no pause is longer than this in the picture, and then all of it is played faster. */
const LONGEST_PAUSE_MS = 700;
const SPEED = 1.6;
const HOLD_ROWS = 1;

type Line = Readonly<{ at: number; text: string }>;

/**
 * Renders a terminal recording as one SVG: lines appear as they came and scroll. Where nothing is animated (a printed
 * page, a reader that prefers reduced motion) it shows the end.
 */
export function terminalSvg(recording: Recording, command: string): string {
  const lines = [{ at: 0, text: `$ ${command}` }, ...linesOf(recording)];
  const height = BAR + PADDING * 2 + ROWS * LINE;
  const width = Math.ceil(PADDING * 2 + COLUMNS * CHARACTER);
  const total = (lines.at(-1)?.at ?? 0) + 100;
  const scrolls = lines
    .map((line, index) => ({ at: line.at, by: Math.max(0, index + 1 + HOLD_ROWS - ROWS) }))
    .filter(({ by }, index, all) => by !== (all[index - 1]?.by ?? 0));
  const end = scrolls.at(-1)?.by ?? 0;
  const frames = scrolls
    .map(({ at, by }) => `${((at / total) * 100).toFixed(2)}%{transform:translateY(${-by * LINE}px)}`)
    .join('');
  const texts = lines.map(
    ({ at, text }, index) =>
      `<text y="${(index + 1) * LINE}" style="animation-delay:${Math.round(at)}ms"${colorOf(text)}>${escape(text)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A recording of ${escape(command)} in a terminal">
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d5dde3;white-space:pre;animation:come 1ms backwards}
.d{fill:#8496a3}.g{fill:#7fd1a0}.c{fill:#7cc7e8}.w{fill:#ffffff;font-weight:600}
#s{transform:translateY(${-end * LINE}px);animation:scroll ${Math.round(total)}ms step-end}
@keyframes come{from{opacity:0}}
@keyframes scroll{0%{transform:translateY(0)}${frames}}
@media (prefers-reduced-motion:reduce){text,#s{animation:none}}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#10202c"/>
<circle cx="22" cy="19" r="6" fill="#e2583e"/><circle cx="42" cy="19" r="6" fill="#e6b450"/><circle cx="62" cy="19" r="6" fill="#62a87c"/>
<svg x="${PADDING}" y="${BAR}" width="${width - PADDING * 2}" height="${height - BAR - PADDING}" viewBox="0 0 ${width - PADDING * 2} ${height - BAR - PADDING}"><g id="s">
${texts.join('\n')}
</g></svg>
</svg>
`;
}

/**
 * Returns complete lines with the time at which each was complete; text overwritten by \r is left out, tokens are
 * hidden.
 */
function linesOf(recording: Recording): readonly Line[] {
  const lines: Line[] = [];
  let rest = '';
  let clock = 0;
  let before = 0;
  for (const [at, text] of recording) {
    clock += Math.min(at - before, LONGEST_PAUSE_MS) / SPEED;
    before = at;
    rest += text;
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push({ at: clock, text: plain(part) });
  }
  return rest.trim() === '' ? lines : [...lines, { at: clock, text: plain(rest) }];
}

const plain = (text: string): string => {
  const shown = text.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  // oxlint-disable-next-line no-control-regex
  return shown
    .replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
    .replaceAll(/anc_[A-Za-z0-9_-]{12,}/g, 'anc_••••••••••••••••')
    .trimEnd()
    .slice(0, COLUMNS);
};

const colorOf = (text: string): string => {
  const body = text.replace(/^remote: ?/, '');
  if (text.startsWith('$ ') || /^ {2}(?:Sites?|API|Token) /.test(text)) return ' class="w"';
  if (/^\s*✓/.test(body) || body.startsWith('Live at')) return ' class="g"';
  if (body.startsWith('▸')) return ' class="c"';
  return text.startsWith('remote:') ? ' class="d"' : '';
};
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
