import { release } from '../../../lib/gate';

export function POST() {
  release();
  return new Response(null, { status: 204 });
}
