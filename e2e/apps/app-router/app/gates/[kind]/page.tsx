import { connection } from 'next/server';
import { forbidden, notFound, permanentRedirect, redirect, unauthorized } from 'next/navigation';

export default async function Page({ params }: { params: Promise<{ kind: string }> }) {
  await connection();
  switch ((await params).kind) {
    case 'redirect': redirect('/static?from=gate');
    case 'permanent': permanentRedirect('/static');
    case 'external': redirect('https://elsewhere.example/path?a=b');
    case 'forbidden': forbidden();
    case 'unauthorized': unauthorized();
    default: notFound();
  }
}
