import Link from 'next/link';
import { VERSION } from '../../lib/version';

export default function Server({ version }: { version: string }) {
  return (
    <main>
      <h1>server {version}</h1>
      <p data-testid="code">{VERSION}</p>
      <Link href="/classic/static" prefetch={false}>static</Link>
    </main>
  );
}

export const getServerSideProps = () => ({ props: { version: VERSION } });
