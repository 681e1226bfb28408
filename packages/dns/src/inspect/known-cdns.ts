import ipaddr from 'ipaddr.js';

type Cdn = Readonly<{
  name: string;
  /** Ends of names that a CNAME to it leads through. */
  aliases: readonly RegExp[];
  /** Response headers that only it sends. */
  headers: readonly (readonly [string, RegExp])[];
  /** The ranges that serve sites, separated by space. */
  blocks: string;
}>;

/**
 * CDNs and hosts that stand in front of a domain. The first that matches is named. Ranges as published, compared with
 * copies of 2026-09 (Cloudflare, Fastly), 2026 (the others):
 * https://www.cloudflare.com/ips/ https://api.fastly.com/public-ip-list
 * https://d7uri8nf7uskq.cloudfront.net/tools/list-cloudfront-ips (CLOUDFRONT_GLOBAL_IP_LIST)
 * https://docs.github.com/en/pages/configuring-a-custom-domain-for-your-github-pages-site
 */
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
      3.160.0.0/13 3.168.0.0/14 3.172.0.0/17 3.173.0.0/16 3.174.0.0/15 13.32.0.0/15 13.35.0.0/16
      13.224.0.0/14 13.249.0.0/16 15.158.0.0/16 18.64.0.0/14 18.68.0.0/16 18.154.0.0/15 18.160.0.0/15
      18.164.0.0/15 18.172.0.0/15 18.238.0.0/15 18.244.0.0/15 23.91.0.0/19 24.110.32.0/19 36.103.232.0/25
      36.103.232.128/26 52.46.0.0/18 52.82.128.0/19 52.84.0.0/15 52.124.128.0/17 52.222.128.0/17
      54.182.0.0/16 54.192.0.0/16 54.230.0.0/17 54.230.128.0/18 54.230.200.0/21 54.230.208.0/20
      54.230.224.0/19 54.239.128.0/18 54.239.192.0/19 54.240.128.0/18 58.254.138.0/25 58.254.138.128/26
      64.252.64.0/18 64.252.128.0/18 65.8.0.0/16 65.9.0.0/17 65.9.128.0/18 70.132.0.0/18 71.152.0.0/17
      99.84.0.0/16 99.86.0.0/16 108.138.0.0/15 108.156.0.0/14 111.13.171.128/25 111.13.185.32/27
      111.13.185.64/27 116.129.226.0/25 116.129.226.128/26 118.193.97.64/26 118.193.97.128/25
      119.147.182.0/25 119.147.182.128/26 120.52.12.64/26 120.52.22.96/27 120.52.39.128/27
      120.52.153.192/26 120.232.236.0/25 120.232.236.128/26 120.253.240.192/26 120.253.241.160/27
      120.253.245.128/26 120.253.245.192/27 130.176.0.0/17 130.176.128.0/18 130.176.192.0/19
      130.176.224.0/20 143.204.0.0/16 144.220.0.0/16 180.163.57.0/25 180.163.57.128/26 204.246.164.0/22
      204.246.168.0/21 204.246.176.0/20 205.251.202.0/23 205.251.204.0/22 205.251.208.0/20
      205.251.249.0/24 205.251.250.0/23 205.251.252.0/23 205.251.254.0/24 216.137.32.0/19 2600:9000::/28`,
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
    blocks: '75.2.60.5/32',
  },
  {
    name: 'Webflow',
    aliases: [/\.webflow\.(?:com|io)$/],
    headers: [],
    blocks: '75.2.70.75/32 99.83.190.102/32',
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
