'use client';

import { useEffect, useState } from 'react';

export default function Page() {
  const [seen, setSeen] = useState<readonly string[]>([]);
  useEffect(() => {
    const source = new EventSource('/api/events?id=page');
    source.onmessage = ({ data }) => setSeen((before) => [...before, String(data)]);
    return () => source.close();
  }, []);
  return <output>{seen.length} events</output>;
}
