import { after } from 'next/server';

export const dynamic = 'force-dynamic';
export function GET() {
  after(async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    console.log('the work after the answer is done');
  });
  return Response.json({ responded: true });
}
