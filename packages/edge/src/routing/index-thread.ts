import { readFileSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { indexManifest, type SiteIndex } from './site-index.ts';

/** A manifest to read, and its result. */
export type IndexRequest = Readonly<{ path: string }>;
export type IndexResult = Readonly<{ index: SiteIndex } | { wrong: string }>;

/** The thread that parses large manifests, so that the threads which serve requests do not block. */
try {
  // Requests go first where processors are short: on Linux a thread has a priority of its own.
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), 10);
} catch {
  // Then it runs as all others do.
}

parentPort?.on('message', ({ path }: IndexRequest) => {
  const index = indexManifest(readFileSync(path, 'utf8'));
  if (typeof index === 'string') return parentPort?.postMessage({ wrong: index } satisfies IndexResult);
  parentPort?.postMessage({ index } satisfies IndexResult, [index.files, index.pages, index.groups]);
});
