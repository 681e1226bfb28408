export default function Page() {
  return <h1>Tab two</h1>;
}
