import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownerLives } from './identity.ts';

/** Which process has a disk of a directory open: a file per disk names it. */
export class DiskOwners {
  readonly #dir: string;
  readonly #owner: string;
  readonly #own = new Set<string>();

  /** `owner`: names this process. */
  constructor(dir: string, owner: string) {
    this.#dir = dir;
    this.#owner = owner;
  }

  take(name: string): void {
    this.#own.add(name);
    writeFileSync(this.#file(name), this.#owner);
  }

  release(name: string): void {
    this.#own.delete(name);
    rmSync(this.#file(name), { force: true });
  }

  /** Returns whether a living process uses the disk. */
  isBusy(name: string): boolean {
    const holder = this.#holder(name);
    return holder === this.#owner ? this.#own.has(name) : holder !== undefined && ownerLives(holder);
  }

  #holder(name: string): string | undefined {
    try {
      return readFileSync(this.#file(name), 'utf8');
    } catch {
      return undefined;
    }
  }

  #file(name: string): string {
    return join(this.#dir, `${name}.owner`);
  }
}
