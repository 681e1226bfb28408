// Downloads Git LFS objects: the batch API with the `basic` transfer, see git-lfs/docs/api/batch.md. Runs by itself in
// the sandbox of a fetch, which keeps it away from private addresses. Reads one job as JSON from standard input and
// writes { error } or { missing: [oid…] } to standard output; credentials come with the job and go to its own origin.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const BATCH = 100;
const AT_ONCE = 4;
const TRIES = 3;
/** No attempt starts later than this after the first failure of the same request. */
const RETRY_MS = 30_000;
/** Statuses that say that the host does not have the file. */
const GONE = [404, 410];
const MAX_REDIRECTS = 5;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const STALL_MS = 60_000;
const TYPE = 'application/vnd.git-lfs+json';

class Refused extends Error {}

const job = JSON.parse(await textOf(process.stdin));
const missing = [];
const report = await fetchAll();
// At once: what is still being downloaded beside a failure is of no use.
process.stdout.write(JSON.stringify(report), () => process.exit(0));

async function fetchAll() {
  try {
    for (let i = 0; i < job.objects.length; i += BATCH) await fetchBatch(job.objects.slice(i, i + BATCH));
    return { missing };
  } catch (error) {
    return { error: String(error.cause?.message ?? error.message).slice(0, 500), status: error.status };
  }
}

async function fetchBatch(objects) {
  const body = JSON.stringify({
    operation: 'download',
    transfers: ['basic'],
    objects,
    hash_algo: 'sha256',
    ...(job.ref === undefined ? {} : { ref: { name: job.ref } }),
  });
  const answer = await tried(async () =>
    parsed(
      await textOf(
        await request(`${job.api}/objects/batch`, {
          method: 'POST',
          body,
          headers: { accept: TYPE, 'content-type': TYPE, ...own(job.api) },
        }),
        MAX_ANSWER_BYTES,
      ),
    ),
  );
  const wanted = new Map(objects.map((object) => [object.oid, object.size]));
  const queue = Array.isArray(answer.objects) ? answer.objects.filter((object) => wanted.has(object?.oid)) : [];
  for (const oid of wanted.keys()) if (!queue.some((object) => object.oid === oid)) missing.push(oid);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let object = queue.shift(); object !== undefined; object = queue.shift())
        await fetchObject(object, wanted.get(object.oid));
    }),
  );
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new Refused('the Git LFS server did not respond with JSON');
  }
}

async function fetchObject({ oid, actions, error }, size) {
  const href = actions?.download?.href;
  if (error !== undefined || typeof href !== 'string') return void missing.push(oid);
  const url = new URL(href, `${job.api}/`).href;
  const given = Object.fromEntries(
    Object.entries(actions.download.header ?? {}).filter(([, value]) => typeof value === 'string'),
  );
  const headers = Object.keys(given).some((name) => name.toLowerCase() === 'authorization')
    ? given
    : { ...given, ...own(url) };
  const file = join(job.directory, oid);
  const download = async () => {
    const hash = createHash('sha256');
    let bytes = 0;
    const check = new Transform({
      transform(chunk, _encoding, done) {
        bytes += chunk.length;
        hash.update(chunk);
        done(bytes > size ? new Refused(`the Git LFS file ${oid} is larger than its pointer says`) : null, chunk);
      },
    });
    await pipeline(await request(url, { headers }), check, createWriteStream(file, { mode: 0o644 }));
    if (bytes !== size || hash.digest('hex') !== oid)
      throw new Refused(`the Git LFS file ${oid} arrived with other content`);
  };
  try {
    await tried(download);
  } catch (error) {
    if (!GONE.includes(error.status)) throw error;
    missing.push(oid);
  }
}

/** Network faults, 429 and 5xx pass; everything else is final at once. */
async function tried(work) {
  let failedAt;
  for (let n = 1; ; n++) {
    try {
      return await work();
    } catch (error) {
      if (n === TRIES || error instanceof Refused || error.code === 'ENOSPC' || error.code === 'EDQUOT') throw error;
      failedAt ??= performance.now();
      const pause = error.pauseMs ?? n * 1_000;
      if (performance.now() + pause > failedAt + RETRY_MS) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, pause);
      });
    }
  }
}

/** The project's credentials, for its own origin. */
function own(url) {
  return job.authorization !== undefined && new URL(url).origin === new URL(job.api).origin
    ? { authorization: job.authorization }
    : {};
}

/** Follows redirects by itself: what was meant for one origin goes to no other. */
async function request(url, options) {
  let { headers } = options;
  for (let i = 0; i <= MAX_REDIRECTS; i++) {
    if (!/^https?:/.test(url)) throw new Refused('a Git LFS file is offered by something else than http');
    if (job.sameHost && new URL(url).host !== new URL(job.api).host)
      throw new Refused('a Git LFS file is offered by another host than the repository');
    const stall = new AbortController();
    const timer = setTimeout(() => stall.abort(new Error('no answer for 60 seconds')), STALL_MS);
    const answer = await fetch(url, { ...options, headers, redirect: 'manual', signal: stall.signal });
    clearTimeout(timer);
    if (answer.status >= 300 && answer.status < 400 && answer.headers.has('location')) {
      const next = new URL(answer.headers.get('location'), url);
      await answer.body?.cancel();
      if (next.origin !== new URL(url).origin)
        headers = Object.fromEntries(
          Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
        );
      url = next.href;
      continue;
    }
    if (answer.ok && answer.body !== null) return Readable.from(alive(answer.body, stall));
    const why = new (answer.status === 429 || answer.status >= 500 ? Error : Refused)(
      `${new URL(url).host} answered ${answer.status}`,
    );
    why.status = answer.status;
    const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
    if (seconds >= 0) why.pauseMs = seconds * 1_000;
    await answer.body?.cancel();
    throw why;
  }
  throw new Refused('too many redirects');
}

/** A body that ends when nothing comes any more. */
async function* alive(body, stall) {
  let timer;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Error('no data for 60 seconds')), STALL_MS);
  };
  try {
    watch();
    for await (const chunk of body) {
      watch();
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
  }
}

async function textOf(stream, max = 64 * 1024 * 1024) {
  const parts = [];
  let size = 0;
  for await (const part of stream) {
    size += part.length;
    if (size > max) throw new Refused('the answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
