import { notFound } from 'next/navigation';

export const revalidate = 3600;
export default function Missing() {
  notFound();
}
