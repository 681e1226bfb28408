import Link from 'next/link';
import { VERSION } from '../../lib/version';

export default function Static({ version }: { version: string }) {
  return (
    <main>
      <h1>static {version}</h1>
      <p data-testid="code">{VERSION}</p>
      <Link href="/classic" prefetch={false}>back</Link>
    </main>
  );
}

export const getStaticProps = () => ({ props: { version: VERSION } });
