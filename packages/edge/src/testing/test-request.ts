import type { CertificateMaterial } from '@anchor/core/ports/certificate-table.ts';
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

/**
 * How test beds send their requests; see http2-behaviour.test.ts and tls-behaviour.test.ts. `tls`: the certificate to
 * serve TEST_SERVER_NAME with.
 */
export const testProtocol: { http2: boolean; tls: CertificateMaterial | undefined } = { http2: false, tls: undefined };
export const TEST_SERVER_NAME = 'bed.localhost';
