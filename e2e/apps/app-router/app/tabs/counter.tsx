'use client';

import { useState } from 'react';

export function Counter() {
  const [count, setCount] = useState(0);
  return (
    <div>
      <button onClick={() => setCount(count + 1)}>Count</button>
      <output>{count}</output>
      <input aria-label="Draft" />
    </div>
  );
}
