/** The types that decide which format an image optimizer chooses, named or behind wildcards. */
const DECIDE = new Set(['image/avif', 'image/webp', 'image/*', '*/*']);
const TYPE = /^([a-z0-9*][a-z0-9!#$&^_.+*-]*\/[a-z0-9*][a-z0-9!#$&^_.+*-]*)(?:;q=(0(?:\.\d{1,3})?|1(?:\.0{1,3})?))?$/;
/** Types that never decide, whatever their weight or parameters. */
const OTHER = /^(?!image\/(?:avif|webp|\*)|\*)[a-z0-9.+*-]+\/[a-z0-9.+*-]+(?:;[a-z0-9.+=*-]+)*$/;
const MAX = 512;

/**
 * Normalizes an Accept header to one spelling for all headers that lead to the same choice: the deciding types by
 * weight, without the weights ("," between equals, ">" before less preferred ones, "!" before refused ones). Undefined
 * when only the optimizer can decide.
 */
export function acceptedFormats(accept: string): string | undefined {
  if (accept.length > MAX) return undefined;
  const found: [type: string, weight: number][] = [];
  for (const part of accept === '' ? [] : accept.split(',')) {
    const text = part.trim().replace(/\s*;\s*/g, ';');
    const [, type, weight] = TYPE.exec(text) ?? [];
    if (type !== undefined && DECIDE.has(type)) {
      if (found.some(([other]) => other === type)) return undefined;
      found.push([type, weight === undefined ? 1 : Number(weight)]);
    } else if (!OTHER.test(text) || /image\/(?:avif|webp)/.test(text)) return undefined;
  }
  // Stable: equals keep their order, which decides between them.
  found.sort(([, a], [, b]) => b - a);
  let text = '';
  let last: number | undefined;
  for (const [type, weight] of found) {
    if (last !== undefined) text += weight === last ? ',' : '>';
    text += weight === 0 ? `!${type}` : type;
    last = weight;
  }
  return text;
}
