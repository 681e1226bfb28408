import { stripVTControlCharacters } from 'node:util';

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// oxlint-disable-next-line no-control-regex
const COLOUR = /\u001b\[[0-9;]*m/g;

/**
 * Makes text of a build or an application safe for a terminal: it may colour its words when `colours`, and do nothing
 * else (no titles, links, cursor moves or clipboard writes).
 */
export function safeText(text: string, colours: boolean): string {
  if (!colours) return stripVTControlCharacters(text).replace(CONTROL, '');
  let out = '';
  let at = 0;
  for (const match of text.matchAll(COLOUR)) {
    out += clean(text.slice(at, match.index)) + match[0];
    at = match.index + match[0].length;
  }
  const whole = out + clean(text.slice(at));
  return whole.includes('\u001b[') ? `${whole}\u001b[0m` : whole;
}

const clean = (text: string): string => stripVTControlCharacters(text).replace(CONTROL, '');
