export default function Index() {
  return <h1>Welcome to Remix</h1>;
}
