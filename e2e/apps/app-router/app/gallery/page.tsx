import Link from 'next/link';

export default function Page() {
  return (
    <main>
      <h1>Gallery</h1>
      <Link href="/gallery/photo/1">Photo 1</Link> <Link href="/gallery/photo/2" prefetch={false}>Photo 2</Link> <Link href="/gallery/list">List</Link>
    </main>
  );
}
