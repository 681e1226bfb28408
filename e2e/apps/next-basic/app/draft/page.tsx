import { draftMode } from 'next/headers';

export default async function Draft() {
  return <main><p>draft={String((await draftMode()).isEnabled)}</p></main>;
}
