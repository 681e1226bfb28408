import { Script, createContext } from 'node:vm';

/** An expression of a project ran for too long on what a visitor sent. */
export class TooSlow extends Error {}

/** A regular expression that a project wrote: it can not hold up the worker, which answers for other projects too. */
export type Pattern = Readonly<{ exec(text: string): RegExpExecArray | null }>;

/** Throws what `RegExp` throws for text that is no expression. `exec` throws TooSlow. */
export function boundedPattern(source: string, flags = ''): Pattern {
  const pattern = new RegExp(source, flags);
  return mayBeSlow(source) ? { exec: (text) => withinTime(pattern, text) } : pattern;
}

const LIMIT_MS = 50;
const shared: { pattern: RegExp; text: string } = { pattern: /(?:)/, text: '' };
let clock: Readonly<{ script: Script; context: object }> | undefined;

/** How often a match is tried again that had no processor: on a busy machine all of its time may pass so. */
const TRIES = 5;

/** A tenth of a millisecond or two dearer than a plain match, so only for those that need it. */
function withinTime(pattern: RegExp, text: string): RegExpExecArray | null {
  clock ??= { script: new Script('pattern.exec(text)'), context: createContext(shared) };
  Object.assign(shared, { pattern, text });
  for (let tries = 1; ; tries++) {
    const before = process.threadCpuUsage();
    try {
      const found: unknown = clock.script.runInContext(clock.context, { timeout: LIMIT_MS });
      return isMatch(found) ? found : null;
    } catch {
      const { user, system } = process.threadCpuUsage(before);
      if (tries === TRIES || (user + system) / 1000 > LIMIT_MS / 2) throw new TooSlow(`/${pattern.source.slice(0, 200)}/`);
    }
  }
}

const isMatch = (found: unknown): found is RegExpExecArray => Array.isArray(found);

/**
 * Whether matching could take more than about linear time. Errs on that side: repetition within repetition, repeated
 * alternatives, counted repetition, two open-ended repetitions that could share characters, and back references. What
 * Next.js makes of `:name` and `:name*` is known to be fine.
 */
export function mayBeSlow(source: string): boolean {
  if (/\\(?:[1-9]|k<)/.test(source)) return true;
  let text = source
    .replace(/\[\^\\?\/(?:#\\?\?)?\]/g, 'C') // one character of a segment
    .replace(/\[(?:\\[^]|[^\]\\])*\]/g, 'x')
    .replace(/\\\//g, '/')
    .replace(/\\[^]/g, 'x')
    .replace(/\(\?:\/(?:\(\?:C\+\?\)|C\+\??)\)\*/g, ''); // the further segments of `:name*`
  if (/[*+?)x.C]\{\d/.test(text)) return true;
  const flat = text.replace(/\(\?(?:[:=!]|<[=!]|<\w+>)|[()]/g, '');
  if (/C[*+]\??[C.x]/.test(flat) || (flat.match(/[^C)][*+]/g) ?? []).length > 1) return true;
  for (let before = ''; before !== text; ) {
    before = text;
    const repeated = /\((?:\?(?:[:=!]|<[=!]|<\w+>))?([^()]*)\)[*+]/.exec(text)?.[1];
    if (repeated !== undefined && /[*+?|]/.test(repeated)) return true;
    text = text.replace(/\((?:\?(?:[:=!]|<[=!]|<\w+>))?([^()]*)\)/g, (_, body: string) => (/[*+|]/.test(body) ? '+' : 'x'));
  }
  return false;
}
