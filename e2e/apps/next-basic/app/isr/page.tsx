export const revalidate = 1;
export default function Isr() {
  return <main><h1>Revalidated</h1><p>at={Date.now()}</p></main>;
}
