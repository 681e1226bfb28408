import { shout } from './shout';
import { Shout } from './form';
import { VERSION } from '../../lib/version';

export const dynamic = 'force-dynamic';

export default async function Actions({ searchParams }: { searchParams: Promise<{ said?: string }> }) {
  const { said } = await searchParams;
  return (
    <main>
      <h1>actions {VERSION}</h1>
      <p data-testid="said">{said ?? 'nothing'}</p>
      <form action={shout}>
        <input name="word" aria-label="Word" />
        <button>Say</button>
      </form>
      <Shout />
    </main>
  );
}
