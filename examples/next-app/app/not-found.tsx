import Link from 'next/link';

export default function NotFound() {
  return (
    <>
      <h1>Nothing is moored here.</h1>
      <p className="lead">There is no page at this address. <Link href="/">Back to the harbour</Link></p>
    </>
  );
}
