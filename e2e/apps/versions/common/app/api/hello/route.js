import { processId } from '../../../lib/process-id';
export const dynamic = 'force-dynamic';
const answer = async (request) => Response.json({ method: request.method, body: await request.text(), processId, node: process.versions.node });
export { answer as GET, answer as POST };
