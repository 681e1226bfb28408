import Link from 'next/link';
import { stamp } from '../../../lib/stamp';

const NAMES = ['plain', 'two words', 'Ærøskøbing', 'a/b', 'a+b', '100%', 'quote"<b>', '日本'];

export const generateStaticParams = () => NAMES.map((name) => ({ name }));

export default async function Page({ params }: { params: Promise<{ name: string }> }) {
  const { name } = await params;
  return (
    <main>
      <h1>{decodeURIComponent(name)}</h1>
      <pre data-testid="params">{JSON.stringify(name)}</pre>
      <p data-testid="stamp">{stamp()}</p>
      {[...NAMES, 'at run time ü'].map((one) => <Link key={one} href={`/names/${encodeURIComponent(one)}`}>{`Go to ${one}`}</Link>)}
    </main>
  );
}
