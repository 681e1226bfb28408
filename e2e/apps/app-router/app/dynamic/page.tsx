import { connection } from 'next/server';
import { stamp } from '../../lib/stamp';

export const maxDuration = 30;

export default async function Page() {
  await connection();
  return (
    <main>
      <h1>A dynamic page</h1>
      <p data-testid="stamp">{stamp()}</p>
    </main>
  );
}
