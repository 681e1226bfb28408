import { cookies } from 'next/headers';

export default async function Page() {
  if (!(await cookies()).has('fixed')) throw new Error('a secret of the server');
  return <h1>It works again</h1>;
}
