import type { CertificateRecordKind, CertificateStore } from '@anchor/core/ports/certificate-store.ts';
import type { z } from 'zod';

/** A stored value with the version that its next write replaces. */
export type Stored<T> = Readonly<{ id: string; version: number; value: T }>;

/** One kind of record, read and written by its schema. A record that does not fit is reported and skipped. */
export class RecordTable<T> {
  readonly #store: CertificateStore;
  readonly #kind: CertificateRecordKind;
  readonly #schema: z.ZodType<T>;
  readonly #onDamaged: (record: string) => void;
  #onChange: (id: string, value: T | undefined) => void = () => {};

  constructor(
    store: CertificateStore,
    kind: CertificateRecordKind,
    schema: z.ZodType<T>,
    onDamaged: (record: string) => void,
  ) {
    this.#store = store;
    this.#kind = kind;
    this.#schema = schema;
    this.#onDamaged = onDamaged;
  }

  /** Calls `onChange` after each write that took effect, with undefined for a removal. */
  observe(onChange: (id: string, value: T | undefined) => void): void {
    this.#onChange = onChange;
  }

  async get(id: string): Promise<Stored<T> | undefined> {
    const record = await this.#store.get(this.#kind, id);
    return record === undefined ? undefined : this.#read(record.id, record.version, record.doc);
  }

  async list(): Promise<readonly Stored<T>[]> {
    const records = await this.#store.list(this.#kind);
    return records.flatMap(({ id, version, doc }) => this.#read(id, version, doc) ?? []);
  }

  /** Inserts a value. Returns undefined when there is one under this id. */
  insert(id: string, value: T): Promise<Stored<T> | undefined> {
    return this.#write({ id, version: 1, value });
  }

  /** Replaces a value. Returns undefined when it was replaced or removed since it was read. */
  replace(stored: Stored<T>, value: T): Promise<Stored<T> | undefined> {
    return this.#write({ id: stored.id, version: stored.version + 1, value });
  }

  /** Writes a value whatever is there. */
  async overwrite(id: string, value: T): Promise<Stored<T>> {
    for (;;) {
      // Not `get`: a damaged record is overwritten too.
      const version = (await this.#store.get(this.#kind, id))?.version ?? 0;
      const written = await this.#write({ id, version: version + 1, value });
      if (written !== undefined) return written;
    }
  }

  async remove(id: string): Promise<void> {
    await this.#store.remove(this.#kind, id);
    this.#onChange(id, undefined);
  }

  async #write(stored: Stored<T>): Promise<Stored<T> | undefined> {
    const doc = JSON.stringify(stored.value);
    const { id, version } = stored;
    if (!(await this.#store.put({ kind: this.#kind, id, version, doc }))) return undefined;
    this.#onChange(id, stored.value);
    return stored;
  }

  #read(id: string, version: number, doc: string): Stored<T> | undefined {
    const value = this.#schema.safeParse(parseJson(doc));
    if (!value.success) this.#onDamaged(`${this.#kind}/${id}`);
    return value.success ? { id, version, value: value.data } : undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
