/** All edge workers of a platform, requested one by one: the kernel chooses which connection reaches which worker. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import type { HttpResponse, RequestOptions } from '../../platform.ts';
import type { Site } from '../site.ts';

const WORKERS = 2;
const MAX_ROUNDS = 40;

const served = (data: string, worker: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: join(data, 'run', `edge-${worker}.sock`), path: '/status', agent: false },
      (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (part: string) => (text += part))
          .once('end', () => resolve((JSON.parse(text) as { requests: number }).requests));
      },
    );
    sent.once('error', reject);
    sent.end();
  });

/** Sends requests on connections of their own until every worker has responded at least once. Returns all responses. */
export async function requestEveryWorker(
  site: Site,
  path: string,
  options: RequestOptions = {},
): Promise<readonly HttpResponse[]> {
  const counts = (): Promise<number[]> =>
    Promise.all(Array.from({ length: WORKERS }, (_, worker) => served(site.platform.data, worker)));
  const before = await counts();
  const responses: HttpResponse[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    responses.push(...(await Promise.all([site.request(path, options), site.request(path, options)])));
    const after = await counts();
    if (after.every((count, worker) => count > (before[worker] ?? 0))) return responses;
  }
  return assert.fail('one edge worker was never reached');
}
