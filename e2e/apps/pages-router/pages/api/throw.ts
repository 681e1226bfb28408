import { ApiError } from 'next/dist/server/api-utils';
import type { NextApiRequest } from 'next';

export default function handler(req: NextApiRequest) {
  if (req.query.status !== undefined) throw new ApiError(Number(req.query.status), 'refused on purpose');
  throw new Error('the API route fails on purpose');
}
