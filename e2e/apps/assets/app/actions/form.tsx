'use client';
import { useState } from 'react';
import { answer } from './shout';

export function Shout() {
  const [heard, setHeard] = useState('silence');
  return (
    <>
      <button onClick={async () => setHeard(await answer('ahoy'))}>Call</button>
      <p data-testid="heard">{heard}</p>
    </>
  );
}
