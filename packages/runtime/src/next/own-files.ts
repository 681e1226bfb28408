/** Files that the edge serves to clients, for an application that requests them of itself. */
import { open, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FunctionFiles } from '../routing/description.ts';

/** Path as requested → file in the tree and its media type. */
type List = Readonly<Record<string, Readonly<{ path: string; type: string }>>>;

export class OwnFiles {
  readonly #files: FunctionFiles;
  #list: Promise<List> | undefined;

  constructor(files: FunctionFiles) {
    this.#files = files;
  }

  /** Sends a file of the tree, whole. Returns false where there is none of this path. */
  async send(
    { pathname, status = 200 }: Readonly<{ pathname: string; status?: number | undefined }>,
    response: ServerResponse,
  ): Promise<boolean> {
    const list = await this.#load();
    const own = Object.hasOwn(list, pathname) ? list[pathname] : undefined;
    const file = own === undefined ? undefined : await open(join(this.#files.root, own.path)).catch(() => undefined);
    if (own === undefined || file === undefined) return false;
    const { size } = await file.stat();
    response.statusCode = status;
    response.setHeader('content-type', own.type);
    response.setHeader('content-length', size);
    if (size > 0 && response.req.method !== 'HEAD')
      await pipeline(file.createReadStream(), response).catch(() => void response.destroy());
    else {
      await file.close();
      response.end();
    }
    return true;
  }

  /** Returns the list, which is read once; after a failed read the next call reads again. */
  async #load(): Promise<List> {
    try {
      return await (this.#list ??= this.#read());
    } catch {
      this.#list = undefined;
      return {};
    }
  }

  async #read(): Promise<List> {
    const { description, root } = this.#files;
    return description.ownFiles ?? JSON.parse(await readFile(join(root, '.anchor/own-files.json'), 'utf8'));
  }
}
