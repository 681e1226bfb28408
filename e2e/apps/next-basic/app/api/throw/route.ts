export const dynamic = 'force-dynamic';
export const GET = (): Response => { throw new Error('the handler fails on purpose'); };
