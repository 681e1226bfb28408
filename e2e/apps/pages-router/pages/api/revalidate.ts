import type { NextApiRequest, NextApiResponse } from 'next';

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  try {
    await res.revalidate(String(req.query.path), req.query.generated === undefined ? undefined : { unstable_onlyGenerated: true });
    res.json({ revalidated: true });
  } catch (cause) {
    res.status(500).json({ revalidated: false, cause: String(cause) });
  }
}
