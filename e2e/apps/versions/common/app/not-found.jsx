export default function NotFound() {
  return <main><h1>Nothing is here</h1></main>;
}
