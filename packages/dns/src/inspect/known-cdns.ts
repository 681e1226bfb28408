import ipaddr from 'ipaddr.js';

type Cdn = Readonly<{
  name: string;
  /** Ends of names that a CNAME to it leads through. */
  aliases: readonly RegExp[];
  /** Response headers that only it sends. */
  headers: readonly (readonly [string, RegExp])[];
  /** The ranges it publishes, separated by space; for large ones those that serve sites. As of 2025-11. */
  blocks: string;
}>;

/** CDNs and hosts that stand in front of a domain. The first that matches is named. */
const CDNS: readonly Cdn[] = [
  {
    name: 'Cloudflare',
    aliases: [/\.cdn\.cloudflare\.net$/, /\.pages\.dev$/, /\.workers\.dev$/],
    headers: [
      ['cf-ray', /./],
      ['server', /^cloudflare/i],
    ],
    blocks: `
      173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18
      108.162.192.0/18 190.93.240.0/20 188.114.96.0/20 197.234.240.0/22 198.41.128.0/17
      162.158.0.0/15 104.16.0.0/13 104.24.0.0/14 172.64.0.0/13 131.0.72.0/22 2400:cb00::/32
      2606:4700::/32 2803:f800::/32 2405:b500::/32 2405:8100::/32 2a06:98c0::/29 2c0f:f248::/32`,
  },
  {
    name: 'Fastly',
    aliases: [/\.fastly\.net$/, /\.fastlylb\.net$/],
    headers: [
      ['x-served-by', /^cache-[a-z]{3,}/i],
      ['x-fastly-request-id', /./],
    ],
    blocks: `
      23.235.32.0/20 43.249.72.0/22 103.244.50.0/24 103.245.222.0/23 103.245.224.0/24
      104.156.80.0/20 140.248.64.0/18 140.248.128.0/17 146.75.0.0/17 151.101.0.0/16 157.52.64.0/18
      167.82.0.0/17 167.82.128.0/20 167.82.160.0/20 167.82.224.0/20 172.111.64.0/18 185.31.16.0/22
      199.27.72.0/21 199.232.0.0/16 2a04:4e40::/32 2a04:4e42::/32`,
  },
  {
    name: 'CloudFront',
    aliases: [/\.cloudfront\.net$/],
    headers: [
      ['x-amz-cf-id', /./],
      ['server', /^cloudfront/i],
    ],
    blocks: `
      3.160.0.0/14 13.32.0.0/15 13.35.0.0/16 13.224.0.0/14 13.249.0.0/16 18.64.0.0/14 18.154.0.0/15
      18.160.0.0/15 18.164.0.0/15 18.172.0.0/15 18.238.0.0/15 18.244.0.0/15 52.84.0.0/15
      52.222.128.0/17 54.182.0.0/16 54.192.0.0/16 54.230.0.0/16 54.239.128.0/18 65.8.0.0/16
      65.9.0.0/17 99.84.0.0/16 99.86.0.0/16 108.138.0.0/15 108.156.0.0/14 143.204.0.0/16
      204.246.164.0/22 205.251.249.0/24 216.137.32.0/19 2600:9000::/28`,
  },
  {
    name: 'Akamai',
    aliases: [/\.(?:akamai|akamaiedge|akamaized|akadns|edgekey|edgesuite)\.net$/],
    headers: [
      ['server', /^Akamai(?:GHost|NetStorage)/i],
      ['x-akamai-request-id', /./],
    ],
    blocks: '',
  },
  {
    name: 'Vercel',
    aliases: [/\.vercel-dns(?:-\d+)?\.com$/, /\.vercel\.app$/, /\.now\.sh$/],
    headers: [
      ['x-vercel-id', /./],
      ['server', /^vercel/i],
    ],
    blocks: '76.76.21.0/24 66.33.60.0/24 64.29.17.0/24 216.198.79.0/24',
  },
  {
    name: 'Netlify',
    aliases: [/\.netlify\.(?:app|com)$/, /\.netlifyglobalcdn\.com$/],
    headers: [
      ['x-nf-request-id', /./],
      ['server', /^netlify/i],
    ],
    blocks: '75.2.60.5/32 99.83.190.102/32',
  },
  {
    name: 'GitHub Pages',
    aliases: [/\.github\.io$/],
    headers: [
      ['x-github-request-id', /./],
      ['server', /^GitHub\.com/i],
    ],
    blocks: '185.199.108.0/22 2606:50c0:8000::/46',
  },
  { name: 'bunny.net', aliases: [/\.b-cdn\.net$/], headers: [['server', /^BunnyCDN/i]], blocks: '' },
  { name: 'Azure', aliases: [/\.azure(?:fd|edge)\.net$/], headers: [['x-azure-ref', /./]], blocks: '' },
  { name: 'Heroku', aliases: [/\.heroku(?:dns|app)\.com$/], headers: [['server', /^heroku/i]], blocks: '' },
  { name: 'Render', aliases: [/\.onrender\.com$/], headers: [['x-render-origin-server', /./]], blocks: '' },
  { name: 'Fly.io', aliases: [/\.fly\.dev$/], headers: [['fly-request-id', /./]], blocks: '' },
];

const ranges = CDNS.flatMap(({ name, blocks }) =>
  (blocks.match(/\S+/g) ?? []).map((block) => ({ name, block: ipaddr.parseCIDR(block) })),
);

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Returns the CDN that an address belongs to; undefined when none is known. */
export function cdnOfAddress(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  return ranges.find(({ block }) => parsed.kind() === block[0].kind() && parsed.match(block))?.name;
}

/** Returns the CDN that a chain of aliases leads through. */
export const cdnOfAliases = (chain: readonly string[]): string | undefined =>
  CDNS.find(({ aliases }) => chain.some((name) => aliases.some((end) => end.test(`.${name}`))))?.name;

/** Returns the CDN that wrote a response; header names are in lower case. */
export const cdnOfHeaders = (response: Headers): string | undefined =>
  CDNS.find(({ headers }) => headers.some(([name, value]) => value.test([response[name] ?? ''].flat().join(', '))))
    ?.name;
