import Image from 'next/image';

export default function Picture() {
  return <main><Image src="/pic.png" alt="A picture" width={64} height={64} /></main>;
}
