import Image from 'next/image';
import picture from '../public/pic.png';

export default function Page() {
  return <><Image id="imported" src={picture} alt="imported" width={64} height={64} /><Image id="public" src="/base/pic.png" alt="public" width={64} height={64} /></>;
}
