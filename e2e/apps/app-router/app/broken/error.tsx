'use client';

import { useRouter } from 'next/navigation';
import { startTransition } from 'react';

export default function Failed({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const router = useRouter();
  const again = (): void => startTransition(() => {
    router.refresh();
    reset();
  });
  return (
    <div>
      <h1>This part failed</h1>
      <p data-testid="digest">{error.digest}</p>
      <p data-testid="message">{error.message}</p>
      <button onClick={again}>Again</button>
    </div>
  );
}
