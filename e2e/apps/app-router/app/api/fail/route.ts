export const dynamic = 'force-dynamic';

export function GET(): Response {
  throw new Error('the handler fails on purpose');
}
