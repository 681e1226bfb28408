const PLAIN = /^[A-Za-z0-9_./:@%+,=-]+$/;

/**
 * Formats a variable as one line (or more, where the value has line ends) of a `.env` file that `parseEnvFile` reads
 * back to exactly this value. Values with `$` are written with `\$`, so that Next.js, which expands variables in its
 * own `.env` files, reads them unchanged too.
 */
export function formatVariable(name: string, value: string): string {
  if (PLAIN.test(value)) return `${name}=${value}`;
  const literal = !value.includes("'") && !value.includes('$') && !value.includes('\r') && !value.endsWith('\\');
  if (literal) return `${name}='${value}'`;
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('$', '\\$')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `${name}="${escaped}"`;
}
