import { ImageResponse } from 'next/og';

export const size = { width: 60, height: 60 };
export const contentType = 'image/png';

export default function Icon() {
  return new ImageResponse(<div style={{ width: '100%', height: '100%', background: 'teal' }} />, size);
}
