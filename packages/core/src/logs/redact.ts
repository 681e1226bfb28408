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
  const forms = sortedForms(secretForms(secrets));
  if (forms.texts.length === 0) return { push: (chunk) => chunk, flush: () => '' };
  let kept = '';
  /** Masks up to `hold`, or further where a secret goes on behind it, and keeps what comes then. */
  const mask = (text: string, whole: boolean): string => {
    // What could grow waits: the next chunk may make it part of a longer secret.
    let hold = whole ? text.length : tailStart(forms, text, 0);
    let shown = '';
    let from = 0;
    for (let at = 0; at < hold; ) {
      const length = matchAt(forms, text, at);
      if (length === 0) {
        at++;
        continue;
      }
      shown += text.slice(from, at) + MASK;
      at += length;
      from = at;
      if (from > hold) hold = tailStart(forms, text, from);
    }
    kept = text.slice(hold);
    return shown + text.slice(from, hold);
  };
  return { push: (chunk) => mask(kept + chunk, false), flush: () => mask(kept, true) };
}

/** Longer values are looked for in pieces of this length: the work for a character of a log is bounded, whatever the secrets. */
const PIECE = 1024;

/**
 * Forms in the order of their characters, each with the longest other one that it begins with (-1: none): what stands at
 * a place of a text is then found by bisection, in bounded time. (One regular expression for all is refused when they
 * are many or long, and can be made to take minutes.)
 */
type Forms = Readonly<{ texts: readonly string[]; parents: readonly number[]; starts: ReadonlySet<number> }>;

function sortedForms(forms: readonly string[]): Forms {
  const pieces = new Set<string>();
  for (const form of forms) {
    // Pieces of about one length: none is so short that it would blacken other text.
    const length = Math.ceil(form.length / Math.ceil(form.length / PIECE));
    for (let at = 0; at < form.length; at += length) pieces.add(form.slice(at, at + length));
  }
  const texts = [...pieces].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const parents: number[] = [];
  for (const [index, text] of texts.entries()) {
    let parent = index - 1;
    while (parent >= 0 && !text.startsWith(texts[parent] ?? '')) parent = parents[parent] ?? -1;
    parents.push(parent);
  }
  return { texts, parents, starts: new Set(texts.map((text) => text.charCodeAt(0))) };
}

/** How many of the forms come at or before `text` in their order. */
function upTo({ texts }: Forms, text: string): number {
  let [low, high] = [0, texts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((texts[middle] ?? '') <= text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The length of the longest form that stands at `at`; 0 when none does. */
function matchAt(forms: Forms, text: string, at: number): number {
  if (!forms.starts.has(text.charCodeAt(at))) return 0;
  for (let index = upTo(forms, text.slice(at, at + PIECE)) - 1; index >= 0; index = forms.parents[index] ?? -1) {
    const form = forms.texts[index] ?? '';
    if (text.startsWith(form, at)) return form.length;
  }
  return 0;
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

/** The first place, not before `from`, from which the rest of `text` could be the start of a form that goes on in the next chunk; its length when there is none. */
function tailStart(forms: Forms, text: string, from: number): number {
  for (let start = Math.max(from, text.length - PIECE + 1); start < text.length; start++) {
    if (!forms.starts.has(text.charCodeAt(start))) continue;
    const tail = text.slice(start);
    if ((forms.texts[upTo(forms, tail)] ?? '').startsWith(tail)) return start;
  }
  return text.length;
}
