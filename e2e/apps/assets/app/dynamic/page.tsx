import { headers } from 'next/headers';
import { VERSION } from '../../lib/version';

export default async function Dynamic() {
  const { size } = new Map(await headers());
  return <h1 data-testid="page" data-headers={size}>dynamic {VERSION}</h1>;
}
