export const dynamic = 'force-dynamic';

/** What the process knows of itself. */
export function GET() {
  const { registered } = globalThis as { registered?: number };
  return Response.json({ pid: process.pid, started: Math.round(performance.timeOrigin), registered: registered ?? 0 });
}
