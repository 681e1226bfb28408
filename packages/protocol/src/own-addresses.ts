/**
 * The addresses of a site that it knows from its variables. The function host writes their names into the hosts file of
 * the sandbox, and the runtime responds to them there.
 */

/** A host name in lower case, the port, and whether its clients use TLS. */
export type OwnAddress = Readonly<{ host: string; port: number; encrypted: boolean }>;

/** Returns the deployment's own address and, of production, the production address. Invalid ones are left out. */
export function ownAddressesOf(variables: Readonly<Record<string, string | undefined>>): readonly OwnAddress[] {
  const urls = [
    variables['ANCHOR_URL'],
    variables['ANCHOR_ENV'] === 'production' ? variables['ANCHOR_PRODUCTION_URL'] : undefined,
  ];
  return urls.flatMap((url) => {
    const [, scheme = '', host = '', port] =
      /^(https?):\/\/([a-z0-9.-]+)(?::(\d{1,5}))?(?:\/|$)/i.exec(url ?? '') ?? [];
    if (host === '') return [];
    const encrypted = scheme.toLowerCase() === 'https';
    return [{ host: host.toLowerCase(), port: port === undefined ? (encrypted ? 443 : 80) : Number(port), encrypted }];
  });
}

/** Returns the names that programs of the sandbox resolve to its loopback: without TLS, which has no certificate there. */
export const loopbackNames = (addresses: readonly OwnAddress[]): readonly string[] => [
  ...new Set(addresses.filter(({ encrypted }) => !encrypted).map(({ host }) => host)),
];
