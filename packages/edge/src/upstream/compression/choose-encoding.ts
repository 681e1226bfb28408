import { acceptedEncodings } from '../../http/accept-encoding.ts';
import { isHttp10, type RequestHead } from '../../http1/transport.ts';

export type ContentEncoding = 'br' | 'zstd' | 'gzip';

/** How a function's response is encoded. `headers` are flat, with the changes of the coding applied. */
export type EncodingChoice = Readonly<{ encoding: ContentEncoding | undefined; headers: string[] }>;

/** A smaller response shrinks too little to be worth it (the limit of `next start`). */
const MIN_BYTES = 1_024;
/** Types worth compressing. Event streams are left alone: their events are small and must be sent one by one. */
const COMPRESSIBLE =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|ecmascript|xml|wasm|manifest\+json|graphql|x-javascript|x-www-form-urlencoded|rtf|[\w.-]+\+(?:json|xml|text))|image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)|font\/(?:ttf|otf|collection)|application\/(?:vnd\.ms-fontobject|x-font-ttf)|multipart\/mixed)/i;

/**
 * Chooses the encoding by the heads of request and response. `whole`: all bytes of the response, when they are known
 * already.
 */
export function chooseEncoding(
  req: Pick<RequestHead, 'method' | 'headers' | 'httpVersionMajor' | 'httpVersionMinor'>,
  status: number,
  headers: string[],
  whole?: number,
): EncodingChoice {
  let type = '';
  let length = whole ?? Infinity;
  let vary = -1;
  let etag = -1;
  let lengthAt = -1;
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] ?? '';
    switch (headers[i]?.toLowerCase()) {
      case 'content-type':
        type = value;
        break;
      case 'content-length':
        lengthAt = i;
        length = Number(value);
        break;
      case 'vary':
        vary = i + 1;
        break;
      case 'etag':
        etag = i + 1;
        break;
      case 'content-encoding':
        if (value.toLowerCase() !== 'identity') return { encoding: undefined, headers };
        break;
      case 'cache-control':
        if (/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(value)) return { encoding: undefined, headers };
        break;
      case 'content-range':
      case 'trailer':
        return { encoding: undefined, headers };
    }
  }
  if (status < 200 || status === 204 || status === 206 || status === 304 || !COMPRESSIBLE.test(type))
    return { encoding: undefined, headers };
  const out = [...headers];
  // Added to an uncompressed response too: a cache must not serve it to all clients.
  if (vary === -1) out.push('vary', 'accept-encoding');
  else if (!/(?:^|,)\s*(?:accept-encoding|\*)\s*(?:,|$)/i.test(out[vary] ?? ''))
    out[vary] = `${out[vary]}, accept-encoding`;
  const encoding =
    length < MIN_BYTES || req.method === 'HEAD' || isHttp10(req)
      ? undefined
      : preferred(req.headers['accept-encoding']);
  if (encoding === undefined) return { encoding, headers: out };
  // The bytes are no longer those that it names; for a comparison it still means the same.
  if (etag !== -1 && out[etag]?.startsWith('W/') !== true) out[etag] = `W/${out[etag]}`;
  if (lengthAt !== -1) out.splice(lengthAt, 2);
  const encodingAt = out.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-encoding');
  if (encodingAt !== -1) out.splice(encodingAt, 2);
  const rangesAt = out.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'accept-ranges');
  if (rangesAt !== -1) out.splice(rangesAt, 2);
  out.push('content-encoding', encoding);
  return { encoding, headers: out };
}

/** Returns the preferred coding; at equal preference the smaller one. */
function preferred(header: string | string[] | undefined): ContentEncoding | undefined {
  const { br, zstd, gzip, identity } = acceptedEncodings(typeof header === 'string' ? header : undefined);
  const most = Math.max(br, zstd, gzip);
  if (most === 0 || most < identity) return undefined;
  return br === most ? 'br' : zstd === most ? 'zstd' : 'gzip';
}

/**
 * Returns the head for a response that is not compressed after all because no slot is free: the original, plus `vary`,
 * since others may get it compressed.
 */
export function uncompressedHeaders(chosen: readonly string[], own: readonly string[]): string[] {
  const vary = chosen.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'vary');
  const others = own.filter((_, i) => own[i - (i % 2)]?.toLowerCase() !== 'vary');
  return vary === -1 ? others : [...others, 'vary', chosen[vary + 1] ?? ''];
}
