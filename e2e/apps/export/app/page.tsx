import Image from 'next/image';

export default function Home() {
  return <main><h1>exported</h1><Image src="/boat.jpg" alt="boat" width={200} height={100} /></main>;
}
