import type { Metadata } from 'next';
import { cookies } from 'next/headers';
import { COOKIE, parseEntries } from '@/lib/guestbook';
import { GuestbookForm } from './form';

export const metadata: Metadata = { title: 'Guest book' };

export default async function Guestbook() {
  const jar = await cookies();
  const entries = parseEntries(jar.get(COOKIE)?.value);
  return (
    <>
      <h1>Guest book</h1>
      <p className="lead">A form and a server action. Your entries stay in a cookie of yours. Switch JavaScript off: it still works.</p>
      <GuestbookForm />
      <ul className="entries" aria-label="Entries">
        {entries.map((entry) => (
          <li key={entry.at}>{entry.text}<br /><small>{entry.name}, {new Date(entry.at).toISOString().slice(0, 16).replace('T', ' ')} UTC</small></li>
        ))}
      </ul>
    </>
  );
}
