import { useRouter } from 'next/router';

export const runtime = 'experimental-edge';

export default function Page() {
  return <p>edge {JSON.stringify(useRouter().query)}</p>;
}
