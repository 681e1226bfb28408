/** Matches a branch or a path against a pattern: `*` within a segment, `**` across segments, `?` one character; all else literal. */
export function matchesGlob(pattern: string, text: string): boolean {
  return globToRegExp(pattern).test(text);
}

function globToRegExp(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === '*') {
      // Runs of stars become one: `a***b` must not backtrack for ever.
      let stars = 1;
      while (pattern.charAt(i + 1) === '*') {
        stars++;
        i++;
      }
      if (stars >= 2 && pattern.charAt(i + 1) === '/') {
        source += '(?:.*/)?';
        i++;
      } else source += stars >= 2 ? '.*' : '[^/]*';
    } else source += char === '?' ? '[^/]' : char.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
}
