import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import {
  BEAT_MS,
  CONTROL_LIMITS,
  EDGE_LIMITS,
  StallDetector,
  type StallLimits,
  type Verdict,
  type Vital,
} from './stall-detector.ts';
import { vitalOf } from './vitals.ts';

/** Checks every half second as the supervisor does; `vitals` are the results of each check, from the last beat on. */
function looked(
  limits: StallLimits,
  seconds: number,
  vital: (silentMs: number) => Vital,
): Readonly<{ verdict: Verdict; at: number }> | undefined {
  const detector = new StallDetector(limits);
  detector.look(0, () => undefined);
  detector.beat(0);
  for (let at = BEAT_MS; at <= seconds * 1000; at += BEAT_MS) {
    const verdict = detector.look(at, () => vital(at));
    if (verdict !== undefined) return { verdict, at };
  }
  return undefined;
}

test('a worker that computes for two seconds without turning is found after two to two and a half', () => {
  const found = looked(EDGE_LIMITS, 10, (silent) => ({ state: 'R', cpuMs: 5_000 + silent }));
  assert.equal(found?.verdict.kind, 'stalled');
  assert.ok(found.at >= 2_000 && found.at <= 2_500, String(found.at));
  assert.match(found.verdict.reason, /did not turn for 2\.\d s/);
});

test('a blocked worker that shares its processor is found once it has used as much', () => {
  const found = looked(EDGE_LIMITS, 20, (silent) => ({ state: 'R', cpuMs: silent / 4 }));
  assert.equal(found?.verdict.kind, 'stalled');
  assert.ok(found.at <= 4_500, String(found.at));
});

test('a worker that is too busy with connections for its heartbeat is left alone, until it is blocked', () => {
  const calls = (silent: number): number => Math.min(silent, 20_000) * 40;
  const found = looked(EDGE_LIMITS, 40, (silent) => ({ state: 'R', cpuMs: silent, calls: calls(silent) }));
  assert.equal(found?.verdict.kind, 'stalled');
  assert.ok(found.at >= 21_500 && found.at <= 23_000, String(found.at));
});

test('a worker that reads a file now and then while it computes is found all the same', () => {
  assert.equal(
    looked(EDGE_LIMITS, 10, (silent) => ({ state: 'R', cpuMs: silent, calls: silent / 20 }))?.verdict.kind,
    'stalled',
  );
});

test('a worker that is ready to run and gets no processor is left alone, and mentioned once', () => {
  const found = looked(EDGE_LIMITS, 60, (silent) => ({ state: 'R', cpuMs: silent / 100 }));
  assert.equal(found?.verdict.kind, 'notice');
  assert.match(found.verdict.reason, /gives it no processor/);
});

test('a worker that a debugger holds, or that waits for a disk, is left alone', () => {
  for (const state of ['t', 'D'])
    assert.equal(looked(EDGE_LIMITS, 60, () => ({ state, cpuMs: 7 }))?.verdict.kind, 'notice');
});

test('one that was stopped, and one that sleeps without ever turning, are found', () => {
  assert.equal(looked(EDGE_LIMITS, 3, () => ({ state: 'T', cpuMs: 7 }))?.at, 2_000);
  const asleep = looked(EDGE_LIMITS, 10, () => ({ state: 'S', cpuMs: 7 }));
  assert.equal(asleep?.verdict.kind, 'stalled');
  assert.ok(asleep.at >= 5_000);
});

test('after a suspended machine or a stopped supervisor each process gets its whole time again', () => {
  const detector = new StallDetector(EDGE_LIMITS);
  detector.look(0, () => undefined);
  detector.beat(0);
  const busy = (): Vital => ({ state: 'R', cpuMs: 1_000_000 });
  assert.equal(detector.look(60_000, busy), undefined);
  assert.equal(detector.look(60_500, busy), undefined);
  assert.equal(detector.look(61_500, busy), undefined);
});

test('the control plane may take long, and nothing is judged before the first beat', () => {
  assert.equal(
    looked(CONTROL_LIMITS, 25, (silent) => ({ state: 'R', cpuMs: silent })),
    undefined,
  );
  const detector = new StallDetector(EDGE_LIMITS);
  for (let at = 0; at < 60_000; at += BEAT_MS)
    assert.equal(
      detector.look(at, () => ({ state: 'R', cpuMs: at })),
      undefined,
    );
});

/** A real process that beats until a message blocks its loop. */
const BEATING = `
import { connect, createServer } from 'node:net';
process.on('message', (what) => {
  if (what === 'block') for (;;);
  if (what === 'respond') respond();
  if (what === 'wait') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
const beating = setInterval(() => process.send('beat'), ${BEAT_MS});
function respond() {
  clearInterval(beating);
  const server = createServer((socket) => socket.on('data', (bytes) => socket.write(bytes)));
  server.listen(0, '127.0.0.1', () => connect(server.address().port, '127.0.0.1').on('connect', function () { this.write('x'); }).on('data', function (bytes) { this.write(bytes); }));
}`;

test(
  'of real processes a blocked, a stopped and a sleeping one are found, one that beats or only responds is not',
  { timeout: 30_000 },
  async (t) => {
    const directory = await temporaryDirectory();
    t.after(() => directory.remove());
    const file = join(directory.path, 'beating.mjs');
    await writeFile(file, BEATING);
    const watched = (): Readonly<{ child: ChildProcess; pid: number; detector: StallDetector }> => {
      const child = fork(file, { execArgv: [] });
      t.after(() => child.kill('SIGKILL'));
      const detector = new StallDetector(EDGE_LIMITS);
      child.on('message', () => detector.beat(performance.now()));
      assert.ok(child.pid !== undefined);
      return { child, pid: child.pid, detector };
    };
    const processes = {
      well: watched(),
      responding: watched(),
      blocked: watched(),
      stopped: watched(),
      asleep: watched(),
    };
    await Promise.all(Object.values(processes).map(({ child }) => once(child, 'message')));
    processes.responding.child.send('respond');
    processes.blocked.child.send('block');
    processes.stopped.child.kill('SIGSTOP');
    processes.asleep.child.send('wait');
    const found = new Map<string, Verdict>();
    const deadline = performance.now() + 20_000;
    while (found.size < 3 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
      for (const [name, { detector, pid }] of Object.entries(processes)) {
        const verdict = detector.look(performance.now(), () => vitalOf(pid));
        if (verdict?.kind === 'stalled' && !found.has(name)) found.set(name, verdict);
      }
    }
    assert.deepEqual([...found.keys()].sort(), ['asleep', 'blocked', 'stopped']);
  },
);
