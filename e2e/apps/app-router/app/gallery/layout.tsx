import type { ReactNode } from 'react';

export default function Layout({ children, modal, side }: { children: ReactNode; modal: ReactNode; side: ReactNode }) {
  return (
    <div>
      <div data-slot="children">{children}</div>
      <div data-slot="side">{side}</div>
      <div data-slot="modal">{modal}</div>
    </div>
  );
}
