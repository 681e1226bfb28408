import { BUILDS } from './builds.ts';
import { CONTROL_PLANE } from './control-plane.ts';
import { EDGE } from './edge.ts';
import { EVERY_PROCESS } from './every-process.ts';
import { FUNCTIONS } from './functions.ts';
import type { Tuning } from './tuning.ts';

/** All tunings, by what they are of; docs/tuning.md is made from it. */
export const TUNINGS: Readonly<Record<string, readonly Tuning[]>> = {
  'Edge, server and function host': Object.values(EVERY_PROCESS),
  'Edge workers': Object.values(EDGE),
  'Server and function host': Object.values(CONTROL_PLANE),
  'Next.js functions': Object.values(FUNCTIONS),
  Builds: Object.values(BUILDS),
};
