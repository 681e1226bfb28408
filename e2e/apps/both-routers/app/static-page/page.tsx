export default function Page() {
  return <h1>static page of app/</h1>;
}
