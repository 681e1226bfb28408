/**
 * Returns a name as it is compared: lower case, without the final dot; the root is ''. Undefined for what no query can
 * be sent for. Names in records are hostile input: a label with a dot or a control character inside is refused too.
 */
export function dnsName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name === '') return name;
  if (name.length > 253) return undefined;
  return name.split('.').every((label) => label.length <= 63 && /^(?:\*|[a-z0-9_-]+)$/.test(label)) ? name : undefined;
}

/** Returns whether `name` is `ancestor` or below it. Both as `dnsName` returns them. */
export const isWithin = (name: string, ancestor: string): boolean =>
  ancestor === '' || name === ancestor || name.endsWith(`.${ancestor}`);

/** Returns the name without its first label; '' for a top-level domain. */
export const parentOf = (name: string): string => name.slice(name.indexOf('.') + 1 || name.length);

/** Returns `name` cut to its last `count` labels: `lastLabels('a.b.c', 2)` is `b.c`. */
export const lastLabels = (name: string, count: number): string =>
  count === 0 ? '' : name.split('.').slice(-count).join('.');

export const labelCount = (name: string): number => (name === '' ? 0 : name.split('.').length);
