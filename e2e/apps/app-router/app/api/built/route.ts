import { stamp } from '../../../lib/stamp';

export const dynamic = 'force-static';

export function GET() {
  return Response.json({ stamp: stamp() });
}
