/**
 * Removes secret values from a stream of text, also when a value is cut by a chunk border, and also in the forms in
 * which tools print them: base64 (any alignment), URL-encoded, JSON-escaped. Values shorter than 4 characters are not
 * looked for: they would blacken the whole log.
 */
export type Redactor = Readonly<{
  /** Returns what may be shown now; keeps back a tail that could be the start of a secret. */
  push(chunk: string): string;
  /** The rest. */
  flush(): string;
}>;

const MASK = '•••';
const MIN_LENGTH = 4;

export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = secretForms(secrets);
  if (forms.length === 0) return { push: (chunk) => chunk, flush: () => '' };
  const pattern = new RegExp(forms.map(escape).join('|'), 'g');
  const prefixes = byFirstCharacter(forms);
  let kept = '';
  return {
    push(chunk) {
      const text = kept + chunk;
      let shown = '';
      let from = 0;
      let hold = tailStart(text, from, prefixes);
      for (;;) {
        pattern.lastIndex = from;
        const match = pattern.exec(text);
        // A match inside the tail waits: the next chunk may make it part of a longer secret.
        if (match === null || match.index >= hold) break;
        shown += text.slice(from, match.index) + MASK;
        from = match.index + match[0].length;
        if (from > hold) hold = tailStart(text, from, prefixes);
      }
      kept = text.slice(hold);
      return shown + text.slice(from, hold);
    },
    flush() {
      const rest = kept;
      kept = '';
      return rest.replace(pattern, MASK);
    },
  };
}

/** Every form of every value, longest first so that the longest match wins. Multi-line values are also looked for line by line. */
export function secretForms(secrets: readonly string[]): readonly string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const value of new Set([secret, secret.trim(), ...secret.split(/\r?\n/).filter((line) => line.trim().length >= 8)])) {
      if (value.length < MIN_LENGTH) continue;
      forms.add(value);
      forms.add(encodeURIComponentSafe(value));
      forms.add(JSON.stringify(value).slice(1, -1));
      if (value.length >= 6) for (const form of base64Forms(value)) forms.add(form);
    }
  }
  return [...forms].filter((form) => form.length >= MIN_LENGTH).sort((a, b) => b.length - a.length);
}

/**
 * The value inside base64 text looks different by its byte offset modulo 3. For each offset: the characters that depend
 * on the value alone. Both alphabets.
 */
function base64Forms(value: string): readonly string[] {
  const bytes = new TextEncoder().encode(value);
  const forms: string[] = [];
  for (let offset = 0; offset < 3; offset++) {
    const padded = new Uint8Array(offset + bytes.length);
    padded.set(bytes, offset);
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    const text = toBase64(padded).slice(first, last);
    if (text.length < 6) continue;
    forms.push(text, text.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function encodeURIComponentSafe(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    return value; // a lone surrogate has no URL form
  }
}

/** The first place, not before `from`, from which the rest of `text` could be the start of a secret that goes on in the next chunk; its length when there is none. */
function tailStart(text: string, from: number, forms: ReadonlyMap<string, readonly string[]>): number {
  const longest = forms.get('')?.[0]?.length ?? 0;
  for (let start = Math.max(from, text.length - longest + 1); start < text.length; start++) {
    const candidates = forms.get(text.charAt(start));
    if (candidates === undefined) continue;
    const tail = text.slice(start);
    if (candidates.some((form) => form.length > tail.length && form.startsWith(tail))) return start;
  }
  return text.length;
}

/** Forms by first character; under '' the longest form. */
function byFirstCharacter(forms: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, string[]>();
  for (const form of forms) {
    const list = map.get(form.charAt(0));
    if (list === undefined) map.set(form.charAt(0), [form]);
    else list.push(form);
  }
  const longest = forms[0];
  if (longest !== undefined) map.set('', [longest]);
  return map;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
