import { fail } from '../../../lib/fail';

export const dynamic = 'force-dynamic';

export function GET() {
  return Response.json(fail('on purpose'));
}
