import { isOrdinary, SHORTEST_SECRET } from './ordinary.ts';

/** A secret with the variables that hold it. A value alone is one whose name is not known. */
export type Secret = string | Readonly<{ value: string; names: readonly string[] }>;

/** Names that the platform gives values to: no secret of the project's. */
const SYSTEM = /^(?:ANCHOR|VERCEL)_/;

/** Adds to each secret value the names under which the project's variables hold it. */
export function namedSecrets(
  values: readonly string[],
  ...variables: readonly Readonly<Record<string, string>>[]
): readonly Secret[] {
  const names = new Map<string, Set<string>>();
  for (const record of variables)
    for (const [name, value] of Object.entries(record))
      if (!SYSTEM.test(name)) names.set(value, (names.get(value) ?? new Set()).add(name));
  return [...new Set(values)].map((value) => ({ value, names: [...(names.get(value) ?? [])] }));
}

/**
 * Removes secret values from a stream of text, also when a value is cut by a chunk border, and also in the forms in
 * which tools print them: base64 (any alignment), URL-encoded, JSON-escaped. Short and common values (`true`, `3000`,
 * `production`) are removed only where they are the variable's value (`NAME=value`, `"NAME": "value"`): elsewhere they
 * are ordinary words.
 */
export type Redactor = Readonly<{
  /** Returns what may be shown now; keeps back a tail that could be the start of a secret. */
  push(chunk: string): string;
  /** Returns the rest of the text. */
  flush(): string;
}>;

const MASK = '•••';

export const createRedactor = (secrets: readonly Secret[]): Redactor => redactorsOf(secrets)();

/** Prepares the secrets, which takes a while when they are many or long, for any number of texts. */
export function redactorsOf(secrets: readonly Secret[]): () => Redactor {
  const forms = sortedForms(
    secretForms(secrets.map((secret) => (typeof secret === 'string' ? secret : secret.value))),
    secrets.flatMap(valueForms),
  );
  return () => redactorOf(forms);
}

function redactorOf(forms: Forms): Redactor {
  if (forms.texts.length === 0) return { push: (chunk) => chunk, flush: () => '' };
  let pending = '';
  /** Masks up to `hold`, or further where a secret extends behind it, and holds the rest back. */
  const mask = (text: string, whole: boolean): string => {
    // A match that could grow is held back: the next chunk may make it part of a longer secret.
    let hold = whole ? text.length : tailStart(forms, text, 0);
    let shown = '';
    let from = 0;
    for (let at = 0; at < hold;) {
      const { length, shown: before } = matchAt(forms, text, at);
      if (length === 0) {
        at++;
        continue;
      }
      shown += text.slice(from, at + before) + MASK;
      at += length;
      from = at;
      if (from > hold) hold = tailStart(forms, text, from);
    }
    pending = text.slice(hold);
    return shown + text.slice(from, hold);
  };
  return { push: (chunk) => mask(pending + chunk, false), flush: () => mask(pending, true) };
}

/**
 * Longer values are matched in pieces of this length: the work for a character of a log is bounded, whatever the
 * secrets.
 */
const PIECE = 1024;

/**
 * Forms in the order of their characters, each with the longest other one that it starts with (-1: none). The form at a
 * position of a text is then found by bisection, in bounded time. (One regular expression for all is refused when they
 * are many or long, and can be made to take minutes.)
 */
type Forms = Readonly<{
  texts: readonly string[];
  parents: readonly number[];
  starts: ReadonlySet<number>;
  shown: ReadonlyMap<string, number>;
}>;

function sortedForms(forms: readonly string[], valued: readonly ValueForm[]): Forms {
  const pieces = new Set<string>();
  for (const form of forms) {
    // Pieces of about one length: none is so short that it would blacken other text.
    const length = Math.ceil(form.length / Math.ceil(form.length / PIECE));
    for (let at = 0; at < form.length; at += length) pieces.add(form.slice(at, at + length));
  }
  const shown = new Map<string, number>();
  for (const { text, before } of valued) {
    if (pieces.has(text) && !shown.has(text)) continue;
    pieces.add(text);
    shown.set(text, Math.min(before, shown.get(text) ?? before));
  }
  const texts = [...pieces].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const parents: number[] = [];
  for (const [index, text] of texts.entries()) {
    let parent = index - 1;
    while (parent >= 0 && !text.startsWith(texts[parent] ?? '')) parent = parents[parent] ?? -1;
    parents.push(parent);
  }
  return { texts, parents, starts: new Set(texts.map((text) => text.charCodeAt(0))), shown };
}

/** Returns how many of the forms are at or before `text` in their order. */
function upTo({ texts }: Forms, text: string): number {
  let [low, high] = [0, texts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((texts[middle] ?? '') <= text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns the length of the longest form at `at`, and how much of it may be shown; 0 when there is none. */
function matchAt(forms: Forms, text: string, at: number): Readonly<{ length: number; shown: number }> {
  if (!forms.starts.has(text.charCodeAt(at))) return NO_MATCH;
  for (let index = upTo(forms, text.slice(at, at + PIECE)) - 1; index >= 0; index = forms.parents[index] ?? -1) {
    const form = forms.texts[index] ?? '';
    if (text.startsWith(form, at)) return { length: form.length, shown: forms.shown.get(form) ?? 0 };
  }
  return NO_MATCH;
}

const NO_MATCH = { length: 0, shown: 0 };

type ValueForm = Readonly<{ text: string; before: number }>;

/** How a name and its value are written: by shells, dotenv, Node's inspect, JSON, JSON in JSON, YAML. */
const BETWEEN = [
  '=',
  '="',
  "='",
  '= ',
  ' = ',
  ' = "',
  " = '",
  ':',
  ': ',
  ': "',
  ": '",
  '":"',
  '": "',
  "': '",
  '\\":\\"',
  '\\": \\"',
  '=>',
  ' => ',
  ' => "',
  " => '",
] as const;

/** Returns the forms of a short or common value as an assignment of its variables: the name stays readable. */
function valueForms(secret: Secret): readonly ValueForm[] {
  if (typeof secret === 'string' || secret.value.trim() === '' || !isOrdinary(secret.value)) return [];
  const values = new Set([secret.value, secret.value.trim()]);
  return secret.names.flatMap((name) =>
    [...values].flatMap((value) =>
      BETWEEN.map((between) => ({ text: `${name}${between}${value}`, before: name.length + between.length })),
    ),
  );
}

/**
 * Returns every form of every value that is redacted anywhere, longest first so that the longest match wins. Multi-line
 * values are also matched line by line.
 */
export function secretForms(secrets: readonly string[]): readonly string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const value of new Set([
      secret,
      secret.trim(),
      ...secret.split(/\r?\n/).filter((line) => line.trim().length >= SHORTEST_SECRET),
    ])) {
      if (isOrdinary(value)) continue;
      forms.add(value);
      forms.add(encodeURIComponentSafe(value));
      forms.add(JSON.stringify(value).slice(1, -1));
      for (const form of base64Forms(value)) forms.add(form);
    }
  }
  return [...forms].sort((a, b) => b.length - a.length);
}

/**
 * Returns the forms of a value inside base64 text, which differ by its byte offset modulo 3. For each offset: the
 * characters that depend on the value alone. Both alphabets.
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

/**
 * Returns the first position, not before `from`, from which the rest of `text` could be the start of a form that
 * continues in the next chunk; the length of `text` when there is none.
 */
function tailStart(forms: Forms, text: string, from: number): number {
  for (let start = Math.max(from, text.length - PIECE + 1); start < text.length; start++) {
    if (!forms.starts.has(text.charCodeAt(start))) continue;
    const tail = text.slice(start);
    if ((forms.texts[upTo(forms, tail)] ?? '').startsWith(tail)) return start;
  }
  return text.length;
}
