export default function Guarded() {
  return <main><h1>Guarded</h1></main>;
}
