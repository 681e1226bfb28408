import { ImageResponse } from 'next/og';

export const size = { width: 300, height: 150 };
export const contentType = 'image/png';
export const alt = 'A post';

export default async function Image({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params;
  return new ImageResponse(<div style={{ width: '100%', height: '100%', display: 'flex', background: 'navy', color: 'white', fontSize: 40 }}>{slug}</div>, size);
}
