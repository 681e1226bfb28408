import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { decode } from '@jridgewell/sourcemap-codec';
import { z } from 'zod';

/** A line of a source: an absolute path, and the line counted from 1. */
export type Position = Readonly<{ file: string; line: number }>;

const mapSchema = z.object({ sources: z.array(z.string()), mappings: z.string() });

/** Numbers per record: line and column of the bundle, the source and its line from there on; counted from 0. */
const FIELDS = 4;

const positionsOf = (bundle: string): string => `${bundle}.positions`;
const sourcesOf = (bundle: string): string => `${bundle}.sources.json`;

/**
 * Writes the positions of a bundle beside it, from its source map, which is removed: that of the server takes a third
 * of a second to read, in which an event loop would stand still.
 */
export async function writePositions(bundle: string): Promise<void> {
  const map = mapSchema.parse(JSON.parse(await readFile(`${bundle}.map`, 'utf8')));
  const records: number[] = [];
  decode(map.mappings).forEach((segments, line) => {
    let last = '';
    for (const [column, source, sourceLine] of segments) {
      if (source === undefined || sourceLine === undefined || last === `${source} ${sourceLine}`) continue;
      last = `${source} ${sourceLine}`;
      records.push(line, column, source, sourceLine);
    }
  });
  const directory = dirname(bundle);
  await writeFile(positionsOf(bundle), new Uint8Array(Uint32Array.from(records).buffer));
  await writeFile(sourcesOf(bundle), JSON.stringify(map.sources.map((source) => resolve(directory, source))));
  await rm(`${bundle}.map`);
}

/** The positions of one bundle, in memory. */
export class Positions {
  readonly #records: Uint32Array;
  readonly #sources: readonly string[];

  /** Throws when the files are not there. */
  constructor(bundle: string) {
    const bytes = readFileSync(positionsOf(bundle));
    this.#records = new Uint32Array(Uint8Array.from(bytes).buffer);
    this.#sources = z.array(z.string()).parse(JSON.parse(readFileSync(sourcesOf(bundle), 'utf8')));
  }

  /** Returns the source of a position in the bundle, whose line and column are counted from 1. */
  find(line: number, column: number): Position | undefined {
    let low = 0;
    let high = this.#records.length / FIELDS;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [at = 0, from = 0] = this.#records.subarray(middle * FIELDS);
      if (at < line - 1 || (at === line - 1 && from <= column - 1)) low = middle + 1;
      else high = middle;
    }
    const [at, , source = 0, sourceLine = 0] = this.#records.subarray((low - 1) * FIELDS);
    const file = this.#sources[source];
    return low === 0 || at !== line - 1 || file === undefined ? undefined : { file, line: sourceLine + 1 };
  }
}
