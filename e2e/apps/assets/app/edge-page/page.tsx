export const runtime = 'edge';
export const dynamic = 'force-dynamic';

export default function EdgePage() {
  return <h1>runtime {process.env.NEXT_RUNTIME}</h1>;
}
