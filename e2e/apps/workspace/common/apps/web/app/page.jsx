import { Heading } from '@acme/ui';

export default function Home() {
  return <main><Heading>Workspace</Heading></main>;
}
