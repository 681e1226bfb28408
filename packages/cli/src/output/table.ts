import { stripVTControlCharacters } from 'node:util';

/** Formats rows under headings, in columns as wide as their content. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => width(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === cells.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell)),
      )
      .join('  ')
      .trimEnd();
  return [line(headings.map((heading) => heading.toUpperCase())), ...rows.map(line)];
}

/** Formats names and values below each other, as `inspect` shows them. Absent values are left out. */
export function keyValueTable(
  pairs: readonly (readonly [name: string, value: string | undefined])[],
): readonly string[] {
  const present = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const longest = Math.max(0, ...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(longest)}  ${value}`);
}

const width = (text: string): number => stripVTControlCharacters(text).length;
