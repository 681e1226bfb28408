export const dynamic = 'force-static';

export const GET = () => Response.json({ feed: [1, 2] });
