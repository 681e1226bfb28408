import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findLeaks, lookAround } from './leaks.ts';

async function inDirectory(work: (directory: string, mark: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-leaks-'));
  try {
    await work(directory, `leak-test-${process.pid}-${Date.now()}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test('a process that a test started and did not end is named', () =>
  inDirectory(async (directory, mark) => {
    const child = spawn('sleep', ['60'], { env: { PATH: process.env.PATH, ANCHOR_TEST_RUN: mark }, stdio: 'ignore' });
    try {
      await new Promise((resolve) => {
        child.once('spawn', resolve);
      });
      assert.deepEqual(findLeaks(lookAround(), directory, mark), [`process ${child.pid}: sleep 60`]);
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => {
        child.once('exit', resolve);
      });
    }
    assert.deepEqual(findLeaks(lookAround(), directory, mark), []);
  }));

test('a process without the mark is found by the directory that it works in, and so is what it started', () =>
  inDirectory(async (directory, mark) => {
    const child = spawn('sh', ['-c', 'sleep 60 & echo started; wait'], {
      cwd: directory,
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await new Promise((resolve) => {
        child.stdout.once('data', resolve);
      });
      const leaks = findLeaks(lookAround(), directory, mark);
      assert.equal(leaks.length, 2, leaks.join('\n'));
      assert.ok(leaks.some((leak) => leak.endsWith(': sleep 60')));
      for (const leak of leaks) process.kill(Number(/^process (\d+)/.exec(leak)?.[1]), 'SIGKILL');
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => {
        child.once('exit', resolve);
      });
    }
  }));

test('a temp directory that a test did not remove is named', () =>
  inDirectory(async (directory, mark) => {
    await mkdir(join(directory, 'anchor-test-forgotten'));
    assert.deepEqual(findLeaks(lookAround(), directory, mark), [
      `temp directory ${join(directory, 'anchor-test-forgotten')}`,
    ]);
  }));

test('what was there before the tests is not held against them', () =>
  inDirectory(async (directory, mark) => {
    const before = lookAround();
    assert.ok(before.interfaces.has('lo'));
    assert.deepEqual(findLeaks(before, directory, mark), []);
    const leaks = findLeaks({ ...before, interfaces: new Set() }, directory, mark);
    assert.ok(leaks.includes('network interface lo'));
  }));
