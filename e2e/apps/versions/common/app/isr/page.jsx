export const revalidate = 2;
export default function Isr() {
  return <main><p>{`at=${Date.now()}`}</p></main>;
}
