import { passVisitor } from '../../lib/visitor';

export default async function Page() {
  await passVisitor(1, 700);
  return <h1>The slow page</h1>;
}
