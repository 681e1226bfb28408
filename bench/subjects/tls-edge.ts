import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  openCertificatePublisher,
  type CertificatePublisher,
} from '@anchor/adapter-local/certificates/certificate-publisher.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { freePort } from '../../e2e/platform.ts';

export type TlsWorkerSpec = Readonly<{
  worker: number;
  directory: string;
  /** Published certificates, and the key that they are sealed with. */
  certificates: string;
  keyFile: string;
  artifact: string;
  port: number;
  httpsPort: number;
  control: string;
}>;

/** Workers of the edge alone, with what was published for them. `startMs`: of each worker, without the process. */
export type TlsEdge = Readonly<{
  port: number;
  httpsPort: number;
  pids: readonly number[];
  publisher: CertificatePublisher;
  startMs: readonly number[];
  restart(): Promise<readonly number[]>;
  stop(): Promise<void>;
}>;

const WORKER = fileURLToPath(new URL('./tls-worker.ts', import.meta.url));

/** Starts as many workers as there are cores. They serve `body` at /file.html of every host. */
export async function startTlsEdge(
  directory: string,
  body: string,
  publish: (publisher: CertificatePublisher) => Promise<void>,
): Promise<TlsEdge> {
  const put = async (content: string): Promise<Readonly<{ blob: string; size: number }>> => {
    const blob = createHash('sha256').update(content).digest('hex');
    await writeFile(join(directory, blob), content);
    return { blob, size: Buffer.byteLength(content) };
  };
  const file = { ...(await put(body)), type: 'text/html' };
  const manifest = {
    version: 1,
    components: {
      web: {
        kind: 'web',
        framework: { name: 'static' },
        basePath: '',
        trailingSlash: false,
        files: { '/file.html': file },
        prerenders: {},
      },
    },
  };
  const [port, httpsPort] = [await freePort(), await freePort()];
  const common = {
    directory,
    certificates: join(directory, 'edge'),
    keyFile: join(directory, 'edge-key'),
    artifact: (await put(JSON.stringify(manifest))).blob,
    port,
    httpsPort,
  };
  const specs = cpus().map((_, worker): TlsWorkerSpec => {
    return { ...common, worker, control: join(directory, `edge-${worker}.sock`) };
  });
  const opened = await openCertificatePublisher({
    directory: common.certificates,
    keyFile: common.keyFile,
    clock: systemClock,
    controlSockets: () => specs.map(({ control }) => control),
  });
  if (!opened.ok) throw new Error(opened.error.message);
  await publish(opened.value);
  let children: ChildProcess[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(
      children.map(async (child) => {
        const exited = once(child, 'exit');
        if (child.kill('SIGTERM')) await exited;
      }),
    );
  };
  const start = async (): Promise<readonly number[]> => {
    // In a session of its own, as nginx is.
    children = specs.map((spec) => fork(WORKER, [JSON.stringify(spec)], { detached: true }));
    const ready = await Promise.all(children.map((child) => once(child, 'message')));
    return ready.map(([message]) => (message as { startMs: number }).startMs);
  };
  const startMs = await start();
  return {
    port,
    httpsPort,
    get pids() {
      return children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    },
    publisher: opened.value,
    startMs,
    restart: async () => {
      await end();
      return start();
    },
    stop: async () => {
      opened.value.close();
      await end();
    },
  };
}
