import { join } from 'node:path';
import type { AccessEntry, RepeatedLine } from '@anchor/edge/exchange.ts';
import { openLineLog } from './line-log.ts';

/**
 * One JSON line a request under `logs/access-<worker>.jsonl`. `lineOf` prepares the lines of answers that are given again
 * and again: this is a good part of what they cost.
 */
export type AccessLog = Readonly<{ write(entry: AccessEntry): void; lineOf(entry: AccessEntry): RepeatedLine; close(): Promise<void> }>;

export function openAccessLog(logs: string, worker: number): AccessLog {
  const log = openLineLog(join(logs, `access-${worker}.jsonl`));
  return {
    write({ at, requestId, ms, ip, ...rest }) {
      const { middle, end } = piecesOf(rest);
      log.write(`{"at":${at},"requestId":${quoted(requestId)}${middle}${rounded(ms)}${end}${quoted(ip)}}\n`);
    },
    lineOf(entry) {
      const { middle, end } = piecesOf(entry);
      // Ids of requests that we make, and addresses, are written as they are.
      const [afterId, beforeIp] = [`"${middle}`, `${end}"`];
      const write = ASCII.test(middle + end) ? log.writeAscii : log.write;
      return (at, requestId, ms, ip) => write(`{"at":${at},"requestId":"${requestId}${afterId}${rounded(ms)}${beforeIp}${ip}"}\n`);
    },
    close: log.close,
  };
}

/** What JSON writes as it is. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const ASCII = /^[\x00-\x7f]*$/;

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

/** What stands between the id and the time taken, and between that and the address: JSON by hand. */
function piecesOf({ host, deploymentId, method, path, status, bytes, cache, userAgent }: Omit<AccessEntry, 'at' | 'requestId' | 'ms' | 'ip'>): Readonly<{ middle: string; end: string }> {
  const deployment = deploymentId === undefined ? '' : `"deploymentId":"${deploymentId}",`;
  return {
    middle: `,"host":${quoted(host)},${deployment}"method":${quoted(method)},"path":${quoted(path)},"status":${status},"bytes":${bytes},"ms":`,
    end: `,"cache":"${cache}","userAgent":${quoted(userAgent)},"ip":`,
  };
}
