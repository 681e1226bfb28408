import { join } from 'node:path';
import type { AccessEntry } from '@anchor/edge/exchange.ts';
import { openLineLog } from './line-log.ts';

/** One JSON line a request under `logs/access-<worker>.jsonl`. */
export function openAccessLog(logs: string, worker: number): Readonly<{ write(entry: AccessEntry): void; close(): Promise<void> }> {
  const { write, close } = openLineLog(join(logs, `access-${worker}.jsonl`));
  return { write: (entry) => write(lineOf(entry)), close };
}

/** What JSON writes as it is. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Text for JSON, in its quotation marks; remembered as long as it stays the same. */
function quoter(): (text: string) => string {
  let last = '';
  let quoted = '""';
  return (text) => {
    if (text === last) return quoted;
    last = text;
    quoted = PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
    return quoted;
  };
}

const [host, method, path, userAgent, ip, requestId] = [quoter(), quoter(), quoter(), quoter(), quoter(), quoter()];

/** The entry as JSON and a line end, by hand: this is a good part of what a file from memory costs. */
function lineOf(entry: AccessEntry): string {
  const deployment = entry.deploymentId === undefined ? '' : `"deploymentId":"${entry.deploymentId}",`;
  const ms = Math.round(entry.ms * 1000) / 1000;
  return `{"at":${entry.at},"requestId":${requestId(entry.requestId)},"host":${host(entry.host)},${deployment}"method":${method(entry.method)},"path":${path(entry.path)},"status":${entry.status},"bytes":${entry.bytes},"ms":${ms},"cache":"${entry.cache}","userAgent":${userAgent(entry.userAgent)},"ip":${ip(entry.ip)}}\n`;
}
