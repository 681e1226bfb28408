'use client';

import { useActionState, useState } from 'react';
import { useFormStatus } from 'react-dom';
import { add, greet, measure } from './actions';

function Submit({ text }: { text: string }) {
  return <button disabled={useFormStatus().pending}>{text}</button>;
}

export function Greet() {
  const [state, action] = useActionState(greet, { text: 'Nobody yet', times: 0 }, '/actions');
  return (
    <form action={action}>
      <input aria-label="Name to greet" name="name" />
      <Submit text="Greet" />
      <output data-testid="greeting">{`${state.text} ${state.times}`}</output>
    </form>
  );
}

export function Measure() {
  const [state, action] = useActionState(measure, null);
  return (
    <form action={action}>
      <input aria-label="File" name="file" type="file" />
      <Submit text="Measure" />
      <output data-testid="measured">{JSON.stringify(state)}</output>
    </form>
  );
}

export function Adder() {
  const [text, setText] = useState('');
  const call = async (): Promise<void> => {
    const { sum, at, set } = await add(2, 40);
    setText(`${sum} ${at.toISOString()} ${[...set].join('')}`);
  };
  return (
    <div>
      <button onClick={() => void call()}>Add</button>
      <output data-testid="sum">{text}</output>
    </div>
  );
}
