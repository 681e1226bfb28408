import { connection } from 'next/server';
import { pause } from '../../lib/stamp';

export default async function Page() {
  await connection();
  await pause(700);
  return <h1>The slow page</h1>;
}
