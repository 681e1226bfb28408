import { parentPort, workerData } from 'node:worker_threads';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

/** A password to judge, and what is known of its person. */
export type StrengthInput = Readonly<{ password: string; known: readonly string[] }>;
/** zxcvbn's estimate: 0 to 4, see SUFFICIENT. */
export type StrengthEstimate = Readonly<{ score: number }>;

const zxcvbn = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
const { password, known }: StrengthInput = workerData;
const { score } = zxcvbn.check(password, [...known]);
parentPort?.postMessage({ score } satisfies StrengthEstimate);
