'use client';

import { usePathname, useRouter, useSearchParams } from 'next/navigation';

export function ClientSearch() {
  const search = useSearchParams();
  const router = useRouter();
  const path = usePathname();
  return (
    <div>
      <pre data-testid="client">{JSON.stringify({ path, all: [...search.entries()] })}</pre>
      <button onClick={() => router.push('/search?q=pushed&q=twice&space=a+b%20c')}>Push</button>
    </div>
  );
}
