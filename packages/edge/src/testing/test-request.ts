import type { IncomingHttpHeaders } from 'node:http';

export type Reply = Readonly<{
  status: number;
  headers: IncomingHttpHeaders;
  rawHeaders: readonly string[];
  body: Buffer;
  text: string;
  trailers: Readonly<Record<string, string | undefined>>;
  information: readonly number[];
}>;
export type RequestOptions = Readonly<{
  method?: string;
  host?: string;
  headers?: Readonly<Record<string, string | readonly string[]>>;
  body?: string | Buffer;
}>;

/** How test beds send their requests; see http2-behaviour.test.ts. */
export const testProtocol = { http2: false };
