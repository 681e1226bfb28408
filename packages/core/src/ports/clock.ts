/**
 * Milliseconds since the epoch, by the machine's clock. It may step back (time service, restored virtual machine) and
 * differ between machines: nothing may depend on two readings being in order. Every deployment target uses
 * `systemClock` (on AWS Lambda's own, within milliseconds); tests move one by hand. No adapters, so no contract suite.
 */
export type Clock = Readonly<{ now(): number }>;
export const systemClock: Clock = { now: () => Date.now() };
