export { default } from './ssg';
export const getStaticProps = () => ({ props: { stamp: Math.random().toString(36).slice(2) } });
