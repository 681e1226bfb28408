/**
 * Matches a branch or a path against a pattern: `*` within a segment, `**` across segments, `?` one character; all else
 * literal.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  return matchesFrom(partsOf(pattern), text);
}

/** `folders` is "**" with its slash: any number of whole segments, none too. */
type Part = Readonly<{ kind: 'one' | 'segment' | 'all' | 'folders' }> | Readonly<{ kind: 'char'; char: string }>;

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char !== '*') {
      parts.push(char === '?' ? { kind: 'one' } : { kind: 'char', char });
      continue;
    }
    const start = i;
    while (pattern.charAt(i + 1) === '*') i++;
    if (i === start) parts.push({ kind: 'segment' });
    else if (pattern.charAt(i + 1) === '/') {
      parts.push({ kind: 'folders' });
      i++;
    } else parts.push({ kind: 'all' });
  }
  return parts;
}

/** Keeps the set of positions that the parts so far can end at: parts × length steps, whatever the pattern. */
function matchesFrom(parts: readonly Part[], text: string): boolean {
  let at: Uint8Array = new Uint8Array(text.length + 1);
  at[0] = 1;
  for (const part of parts) {
    const next = new Uint8Array(text.length + 1);
    let open = false;
    for (let i = 0; i <= text.length; i++) {
      const char = text.charAt(i);
      if (part.kind === 'one' || part.kind === 'char') {
        if (at[i] === 1 && i < text.length && (part.kind === 'char' ? char === part.char : char !== '/'))
          next[i + 1] = 1;
        continue;
      }
      if (at[i] === 1) {
        next[i] = 1;
        open = true;
      }
      if (!open) continue;
      if (part.kind === 'segment') {
        if (i > 0 && at[i] !== 1 && text.charAt(i - 1) === '/') open = false;
        else next[i] = 1;
      } else if (part.kind === 'all' || (i > 0 && text.charAt(i - 1) === '/')) next[i] = 1;
    }
    at = next;
  }
  return at[text.length] === 1;
}
