/** Counts how often it runs: once a process is what the framework promises. */
export function register(): void {
  const seen = globalThis as { registered?: number };
  seen.registered = (seen.registered ?? 0) + 1;
  console.log(`instrumentation registered in ${process.env.NEXT_RUNTIME}`);
}

export function onRequestError(error: unknown, request: { path: string; method: string }, context: { routePath: string; routeType: string }): void {
  console.log(`onRequestError ${request.method} ${request.path} ${context.routePath} ${context.routeType} ${error instanceof Error ? error.message : String(error)}`);
}
