import Image from 'next/image';
import boat from './boat.png';

export default function Home() {
  return (
    <main>
      <h1>Assets</h1>
      <p data-testid="stage">{process.env.NEXT_PUBLIC_STAGE ?? 'unset'}</p>
      <Image src={boat} alt="imported" placeholder="blur" sizes="320px" />
      <Image src="/pictures/boat.png" alt="public" width={320} height={160} quality={40} />
      <Image src="/api/picture" alt="made" width={64} height={32} />
    </main>
  );
}
