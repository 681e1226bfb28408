/**
 * What an application's output says about a failure: the lines that matter, a fix where one is known, and the
 * environment variables that it calls missing.
 */
export type OutputCause = Readonly<{ lines: readonly string[]; fix?: string; missing: readonly string[] }>;

/**
 * Finds the cause of a failure in the output of an application that failed to start or to respond. Returns undefined
 * when no line reports an error. It analyzes text alone, in bounded time: every deployment target uses that of
 * `packages/packaging`. No adapters, so no contract suite.
 */
export type FailureAnalyzer = (output: string) => OutputCause | undefined;
