/** All edge workers of a platform, asked one by one: which connection reaches which worker is the kernel's choice. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Answer, RequestOptions } from '../../platform.ts';
import type { Site } from '../site.ts';

const WORKERS = 2;
const MAX_ROUNDS = 40;

const served = (data: string, worker: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request({ socketPath: join(data, 'run', `edge-${worker}.sock`), path: '/status', agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part)).once('end', () => resolve((JSON.parse(text) as { requests: number }).requests));
    });
    sent.once('error', reject);
    sent.end();
  });

/** Asks on connections of their own until every worker has answered at least once; all the answers. */
export async function askEveryWorker(site: Site, path: string, options: RequestOptions = {}): Promise<readonly Answer[]> {
  const counts = (): Promise<number[]> => Promise.all(Array.from({ length: WORKERS }, (_, worker) => served(site.platform.data, worker)));
  const before = await counts();
  const answers: Answer[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    answers.push(...(await Promise.all([site.visit(path, options), site.visit(path, options)])));
    const after = await counts();
    if (after.every((count, worker) => count > (before[worker] ?? 0))) return answers;
  }
  return assert.fail('one edge worker was never reached');
}
