import { join } from 'node:path';
import type { AccessEntry, AccessLogTemplate } from '@anchor/edge/observability/access-log.ts';
import { RotatingFile } from './rotating-file.ts';

/**
 * One JSON line per request under `logs/access-<worker>.jsonl`. `lineOf` prepares the lines of memoized responses and
 * again: this is a good part of what they cost.
 */
export type AccessLog = Readonly<{
  write(entry: AccessEntry): void;
  lineOf(entry: AccessEntry): AccessLogTemplate;
  close(): Promise<void>;
}>;

export function openAccessLog(logs: string, worker: number): AccessLog {
  const log = new RotatingFile(join(logs, `access-${worker}.jsonl`));
  return {
    write({ at, requestId, ms, ip, ...rest }) {
      const { middle, end } = piecesOf(rest);
      log.write(`{"at":${at},"requestId":${quoted(requestId)}${middle}${rounded(ms)}${end}${quoted(ip)}}\n`);
    },
    lineOf(entry) {
      const { middle, end } = piecesOf(entry);
      // Ids of requests that we make, and addresses, are written as they are.
      const [afterId, beforeIp] = [`"${middle}`, `${end}"`];
      const isAscii = ASCII.test(middle + end);
      return (at, requestId, ms, ip) => {
        const line = `{"at":${at},"requestId":"${requestId}${afterId}${rounded(ms)}${beforeIp}${ip}"}\n`;
        if (isAscii) log.writeAscii(line);
        else log.write(line);
      };
    },
    close: () => log.close(),
  };
}

/** Characters that JSON writes unchanged. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const ASCII = /^[\x00-\x7f]*$/;

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

/** Returns the JSON between the id and the duration, and between that and the address, written by hand. */
function piecesOf({
  host,
  deploymentId,
  method,
  path,
  status,
  bytes,
  cache,
  userAgent,
}: Omit<AccessEntry, 'at' | 'requestId' | 'ms' | 'ip'>): Readonly<{ middle: string; end: string }> {
  const deployment = deploymentId === undefined ? '' : `"deploymentId":"${deploymentId}",`;
  return {
    middle: `,"host":${quoted(host)},${deployment}"method":${quoted(method)},"path":${quoted(path)},"status":${status},"bytes":${bytes},"ms":`,
    end: `,"cache":"${cache}","userAgent":${quoted(userAgent)},"ip":`,
  };
}
