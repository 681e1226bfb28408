import Link from 'next/link';

export default function Home() {
  return <><h1>home of app/</h1><Link id="to-pages" href="/pages-page" prefetch={false}>to pages/</Link><Link id="to-app" href="/app-page" prefetch={false}>to app/</Link></>;
}
