'use client';

import { useState } from 'react';

/** State in the browser: shows that the page's scripts arrived and hydrated. */
export function Counter() {
  const [count, setCount] = useState(0);
  return (
    <button type="button" onClick={() => setCount(count + 1)}>
      {count === 0 ? 'Drop the anchor' : `Dropped ${count} ${count === 1 ? 'time' : 'times'}`}
    </button>
  );
}
