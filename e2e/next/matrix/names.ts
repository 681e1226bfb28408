/** Routes whose names look like something of Next's own, and requests for each. */
const SLUGS = [
  'docs/[[...segments]]',
  'shop/[...segment]',
  'one/[segment]',
  'two/[rsc]',
  'three/[...nxtPx]',
  'four/x.segments/[id]',
  'five/[id]/y.segment',
  'six.rsc/[id]',
  'seven/data.json',
  'eight/[my-slug]',
  'nine/[json]/[...action]',
  'ten/dollar$1/[id]',
  'eleven/404',
  "twelve/it's/[id]",
];

const appPage = (route: string): string => `export const dynamic = 'force-dynamic';
export default async function Page({ params }) {
  return <p>{${JSON.stringify(route)}} {JSON.stringify(await params)}</p>;
}
`;
const pagesPage = (route: string): string => `export const getServerSideProps = ({ query }) => ({ props: { query } });
export default function Page({ query }) {
  return <p>{${JSON.stringify(route)}} {JSON.stringify(query)}</p>;
}
`;

export const namedRoutes = (): Record<string, string> => ({
  ...Object.fromEntries(SLUGS.map((route) => [`app/n/${route}/page.js`, appPage(route)])),
  ...Object.fromEntries(
    SLUGS.filter((route) => !route.includes('$')).map((route) => [`pages/o/${route}.js`, pagesPage(route)]),
  ),
  'pages/o/plain/[segments].js': 'export default function Page() {\n  return <p>a file for every path</p>;\n}\n',
});

/** Returns a path of each, and of some that are none. `<build>` is replaced by each side's build id. */
export function namedPaths(basePath: string): readonly string[] {
  const filled = SLUGS.flatMap((route) => {
    const path = route.replace(/\[{1,2}\.{3}[^\]]+\]{1,2}/, 'a/b').replace(/\[[^\]]+\]/g, '1');
    return route.includes('[[') ? [path, route.slice(0, route.indexOf('/[['))] : [path];
  });
  const pages = filled.filter((path) => !path.includes('$'));
  return [
    ...filled.map((path) => `${basePath}/n/${path}`),
    ...pages.flatMap((path) => [`${basePath}/o/${path}`, `${basePath}/_next/data/<build>/o/${path}.json`]),
    ...[
      '/n/shop',
      '/n/one',
      '/n/docs/x.json',
      '/n/one/%5Bsegment%5D',
      '/o/plain/any',
      '/n/%64ocs/a',
      '/o/%73even/data.json',
      '/_next/data/<build>/o/none.json',
      '/_next/data/<build>/o/plain/any.json',
      '/plain',
    ].map((path) => basePath + path),
  ];
}
