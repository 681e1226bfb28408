import { Suspense } from 'react';
import { ClientSearch } from './client';

export default async function Page({ searchParams }: { searchParams: Promise<Record<string, string | string[]>> }) {
  return (
    <main>
      <pre data-testid="server">{JSON.stringify(await searchParams)}</pre>
      <Suspense>
        <ClientSearch />
      </Suspense>
    </main>
  );
}
