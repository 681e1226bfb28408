import { after, type NextRequest } from 'next/server';
import { pass } from '../../../lib/gate';

/** Answers at once; `after` has more to do until its gate opens, or the process is told to go, and says so in the log. */
export async function GET(request: NextRequest) {
  const id = request.nextUrl.searchParams.get('id');
  const untilTold = request.nextUrl.searchParams.has('until-told');
  const gate = request.cookies.get('gate')?.value;
  after(async () => {
    console.log(`after started ${id}`);
    if (untilTold) await new Promise((resolve) => process.once('SIGTERM', resolve));
    await pass(gate, 1, 50);
    console.log(`after finished ${id}`);
  });
  return Response.json({ responded: id });
}
