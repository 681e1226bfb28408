export default function Page() {
  return <h1>page of pages/</h1>;
}
