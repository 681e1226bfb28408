import assert from 'node:assert/strict';

/**
 * The value that the page shows under the name: `<p>render=<!-- -->abc</p>`, `{"render":"abc"}`, or what RSC payloads
 * make of it.
 */
export function shown(text: string, name = 'render'): string {
  const found = new RegExp(`${name}(?:=|":|=",)\\s*(?:<!-- -->)?"?([a-z0-9]{4,})`).exec(text);
  return found?.[1] ?? assert.fail(`no ${name} in ${text.slice(0, 600)}`);
}

/**
 * Returns everything that a page shows as its render, in order: Next runs a page twice for one version, and puts both
 * into every part of it.
 */
export function version(text: string): string {
  const ids = [...text.matchAll(/render=(?:<!-- -->|\\?",\\?")([a-z0-9]{4,})/g)].map(([, id]) => id);
  assert.ok(ids.length > 0, text.slice(0, 600));
  return [...new Set(ids)].sort().join(' ');
}
