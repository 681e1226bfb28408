'use client';

import { useState } from 'react';

let failures = 0;

export function Button() {
  const [failing, setFailing] = useState(false);
  if (failing && failures++ < 2) throw new Error('the client fails');
  return <button onClick={() => { failures = 0; setFailing(true); }}>Fail</button>;
}
