import { processId } from '../../lib/process-id';
export default async function handler(request, response) {
  await response.revalidate('/legacy');
  response.json({ done: true, processId });
}
