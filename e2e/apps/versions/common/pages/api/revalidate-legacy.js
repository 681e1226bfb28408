import { processId } from '../../lib/process-id';
export default async function handler(request, response) {
  try {
    await response.revalidate(request.query.path ?? '/legacy');
    response.json({ done: true, processId });
  } catch (cause) {
    response.status(500).json({ done: false, cause: String(cause) });
  }
}
