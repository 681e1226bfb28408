/** How to make one system or program trust the local CA: a command, or what to do in its settings. */
export type TrustInstruction = Readonly<{ where: string; command: string }>;

/** Returns how to trust the root certificate that is in `file`. The platform itself changes no trust store. */
export const trustInstructions = (file: string): readonly TrustInstruction[] => [
  {
    where: 'Debian, Ubuntu',
    command: `sudo cp ${file} /usr/local/share/ca-certificates/anchor-local-ca.crt && sudo update-ca-certificates`,
  },
  {
    where: 'Fedora, RHEL',
    command: `sudo cp ${file} /etc/pki/ca-trust/source/anchors/anchor-local-ca.pem && sudo update-ca-trust`,
  },
  {
    where: 'Chromium on Linux',
    command: `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n anchor-local-ca -i ${file}`,
  },
  {
    where: 'macOS',
    command: `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${file}`,
  },
  { where: 'Windows', command: `certutil -addstore -f ROOT ${file}` },
  { where: 'Firefox', command: `Settings, Privacy & Security, View Certificates, Authorities, Import: ${file}` },
  { where: 'Node.js', command: `export NODE_EXTRA_CA_CERTS=${file}` },
];
