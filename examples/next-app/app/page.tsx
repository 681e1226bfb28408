import Image from 'next/image';
import Link from 'next/link';
import { Counter } from '@/components/counter';
import { platform } from '@/lib/platform';
import harbour from '@/public/harbour.png';

const kinds = [
  { href: '/isr', name: 'ISR', text: 'Made again every 10 seconds, at most, and on demand.' },
  { href: '/dynamic', name: 'Dynamic', text: 'Made for each request; reads its headers and cookies, and streams.' },
  { href: '/ports/bergen', name: 'Dynamic route', text: 'One page a port, made while building.' },
  { href: '/guestbook', name: 'Server action', text: 'A form that works with and without JavaScript.' },
  { href: '/api/hello?name=sailor', name: 'Route handler', text: 'JSON for GET and POST.' },
  { href: '/ports/atlantis', name: 'Not found', text: 'A page of your own for what is not there.' },
] as const;

export default function Home() {
  const build = platform();
  return (
    <>
      <Image src={harbour} alt="A sailing boat in a harbour at dawn" className="hero" placeholder="blur" preload sizes="(max-width: 46rem) 100vw, 46rem" />
      <h1>Your site is live.</h1>
      <p className="lead">This page was made once, while building, and is served as a file. The links show the other ways.</p>
      <ul className="cards">
        {kinds.map((kind) => (
          <li key={kind.href}>
            <Link href={kind.href} prefetch={false}><b>{kind.name}</b>{kind.text}</Link>
          </li>
        ))}
      </ul>
      <h2>A client component</h2>
      <Counter />
      <h2>What this build knows</h2>
      <dl className="facts">
        <dt>Environment</dt><dd>{build.environment}</dd>
        <dt>Commit</dt><dd>{build.commit} on {build.branch}</dd>
        <dt>Deployment</dt><dd>{build.deploymentId}</dd>
        <dt>Built</dt><dd><time>{new Date().toISOString()}</time></dd>
      </dl>
      <p className="soft">Change <code>app/page.tsx</code>, commit, and <code>git push anchor main</code>.</p>
    </>
  );
}
