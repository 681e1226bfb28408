export default function Page() {
  return <h1>Tab one</h1>;
}
