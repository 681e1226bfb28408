import { createHmac, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * Sends signed GitHub deliveries all at once, each on a connection of its own, and reports the responses. Runs as a
 * process of its own; requests are built and signed before the clock starts. `announce`: writes the line "announced" to
 * standard error after this many responses. `overMs`: spread evenly over this time instead of all at once.
 */
export type DeliverySpec = Readonly<{
  port: number;
  project: string;
  secret: string;
  count: number;
  prefix: string;
  announce?: number;
  overMs?: number;
}>;
/** `connectMs`: until the connection was open. `ms`: from writing the request to the whole status line and body. */
export type DeliveryResult = Readonly<{
  responses: readonly Readonly<{ externalId: string; deliveryId: string; status: number; ms: number }>[];
  failures: Readonly<Record<string, number>>;
  connectMs: number;
  wholeMs: number;
}>;

if (process.argv[2] !== undefined)
  process.stdout.write(JSON.stringify(await send(JSON.parse(process.argv[2]) as DeliverySpec)));

async function send(spec: DeliverySpec): Promise<DeliveryResult> {
  const requests = Array.from({ length: spec.count }, (_, i) => prepare(spec, i));
  const failures: Record<string, number> = {};
  const responses: { externalId: string; deliveryId: string; status: number; ms: number }[] = [];
  const begin = performance.now();
  const sockets = await Promise.all(requests.map(() => open(spec.port)));
  const connected = performance.now();
  await Promise.all(
    requests.map(async ({ externalId, bytes }, i) => {
      const socket = sockets[i];
      if (socket === undefined) return void (failures['not connected'] = (failures['not connected'] ?? 0) + 1);
      if (spec.overMs !== undefined)
        await new Promise((resolve) => setTimeout(resolve, (i * (spec.overMs ?? 0)) / spec.count));
      const sent = performance.now();
      const text = await exchange(socket, bytes);
      const ms = performance.now() - sent;
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      if (status === 0) return void (failures['no response'] = (failures['no response'] ?? 0) + 1);
      responses.push({ externalId, deliveryId: /"deliveryId":"(dlv_[^"]+)"/.exec(text)?.[1] ?? '', status, ms });
      if (responses.length === spec.announce) process.stderr.write('announced\n');
    }),
  );
  return { responses, failures, connectMs: connected - begin, wholeMs: performance.now() - begin };
}

function prepare(
  { port, project, secret, prefix }: DeliverySpec,
  i: number,
): Readonly<{ externalId: string; bytes: Buffer }> {
  const commit = Buffer.from(`${prefix}${i}`).toString('hex').padEnd(40, '0').slice(0, 40);
  const change = {
    id: commit,
    message: `change ${i}`,
    author: { name: 'Bench' },
    added: [],
    removed: [],
    modified: ['index.html'],
  };
  const body = JSON.stringify({
    ref: `refs/heads/${prefix}-${i}`,
    before: '0'.repeat(40),
    after: commit,
    created: true,
    deleted: false,
    forced: false,
    head_commit: change,
    commits: [change],
    repository: { id: 1, full_name: 'bench/site' },
    pusher: { name: 'bench' },
  });
  const externalId = randomUUID();
  const head = [
    `POST /webhooks/github/${project} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'User-Agent: GitHub-Hookshot/bench',
    'Content-Type: application/json',
    'X-GitHub-Event: push',
    `X-GitHub-Delivery: ${externalId}`,
    `X-Hub-Signature-256: sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return { externalId, bytes: Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`) };
}

function open(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** Returns everything that arrives until the response is complete; '' when the connection ends before. */
function exchange(socket: Socket, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const look = (): boolean => {
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return false;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
      return text.length >= head + 4 + length;
    };
    const end = (): void => {
      resolve(look() ? text : '');
      socket.destroy();
    };
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (look()) end();
    });
    socket.once('error', end);
    socket.once('close', end);
    socket.write(bytes);
  });
}
