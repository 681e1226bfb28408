import { cached } from '../../cached.js';

export const dynamic = 'force-dynamic';
export const GET = async () => new Response(await cached(), { headers: { 'x-middleware-custom': 'own', 'x-case-env': process.env.FROM_LOCAL ?? 'none' } });
