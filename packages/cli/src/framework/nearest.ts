/**
 * Returns the name that a mistyped one most probably means: it starts with the text, or differs in at most a third of
 * its letters.
 */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const typed = text.toLowerCase().slice(0, 64);
  const prefixed = names.find((name) => typed.length >= 2 && name.startsWith(typed));
  if (prefixed !== undefined) return prefixed;
  const [best] = names
    .map((name) => ({ name, distance: distance(typed, name) }))
    .toSorted((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : undefined;
}

/** Returns Levenshtein's distance, of short names. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
