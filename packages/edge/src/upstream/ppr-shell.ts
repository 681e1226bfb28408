import { CACHE_STATUS_HEADER, DEPLOYMENT_HEADER } from '@anchor/protocol/headers.ts';
import type { Exchange } from '../http1/transport.ts';
import { REVALIDATE, type Asset } from '../static/asset.ts';
import { chooseEncoding, uncompressedHeaders, type ContentEncoding } from './compression/choose-encoding.ts';
import type { ResumeDeps, ResumeJob } from './resume-job.ts';

/** Cache-Control that Next.js sets on private responses. */
const PRIVATE = 'private, no-cache, no-store, max-age=0, must-revalidate';
/** Headers of the stored shell that do not hold for the whole response. */
const SHELL_ONLY_HEADERS = new Set(['cache-control', 'x-nextjs-cache', 'x-nextjs-postponed']);

/** Writes the head of a partially prerendered page. Returns the encoding that its body is compressed with here. */
export function writeShellHead(
  { compressorSlots }: Pick<ResumeDeps, 'compressorSlots'>,
  { exchange, shell, mayCompress, projectId }: ResumeJob,
): ContentEncoding | undefined {
  exchange.cache = shell.cache;
  const headers = headOf(exchange, shell);
  const choice = mayCompress ? chooseEncoding(exchange.req, shell.status, headers) : { encoding: undefined, headers };
  const compresses = choice.encoding !== undefined && compressorSlots.enter(projectId);
  const refused = choice.encoding !== undefined && !compresses;
  exchange.res.writeHead(shell.status, refused ? uncompressedHeaders(choice.headers, headers) : choice.headers);
  return compresses ? choice.encoding : undefined;
}

function headOf({ requestId, deploymentId, cache }: Exchange, { headers }: Asset): string[] {
  const head = ['x-request-id', requestId, DEPLOYMENT_HEADER, deploymentId ?? '', CACHE_STATUS_HEADER, cache];
  for (const [name, value] of headers) if (!SHELL_ONLY_HEADERS.has(name)) head.push(name, value);
  const control = headers.get('cache-control');
  head.push(
    'x-nextjs-postponed',
    '1',
    'cache-control',
    control === undefined || control === REVALIDATE ? PRIVATE : control,
  );
  return head;
}
