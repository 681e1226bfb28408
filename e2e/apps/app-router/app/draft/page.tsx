import { draftMode } from 'next/headers';
import { stamp } from '../../lib/stamp';

export default async function Page() {
  const { isEnabled } = await draftMode();
  return (
    <main>
      <h1>{isEnabled ? 'A draft' : 'What is published'}</h1>
      <p data-testid="stamp">{stamp()}</p>
    </main>
  );
}
