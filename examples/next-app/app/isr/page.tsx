import type { Metadata } from 'next';
import { revalidatePath } from 'next/cache';

export const metadata: Metadata = { title: 'ISR' };
export const revalidate = 10;

async function makeAgain() {
  'use server';
  revalidatePath('/isr');
}

export default function Isr() {
  return (
    <>
      <h1>Incremental static regeneration</h1>
      <p className="lead">Reload: the time stays for ten seconds. The first visitor after that still gets this page at once, while the next one is made.</p>
      <dl className="facts">
        <dt>Rendered</dt><dd><time data-testid="rendered">{new Date().toISOString()}</time></dd>
        <dt>Revalidate</dt><dd>{revalidate} s</dd>
      </dl>
      <form action={makeAgain}><button>Make it again now</button></form>
    </>
  );
}
