import { Heading } from '@acme/ui';

export const dynamic = 'force-dynamic';
export default function Now() {
  return <main><Heading>{`at=${Date.now()}`}</Heading></main>;
}
