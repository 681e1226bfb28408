export default function Home() {
  return <h1>The home page</h1>;
}
