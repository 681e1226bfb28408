export default function Home() {
  return <main><h1>A static page</h1></main>;
}
