import { cookies, headers } from 'next/headers';

export default async function Page() {
  const [cookie, header] = await Promise.all([cookies(), headers()]);
  const seen = { cookies: cookie.getAll(), custom: header.get('x-custom'), host: header.get('host'), agent: header.get('user-agent'), forwardedFor: header.get('x-forwarded-for'), forwardedHost: header.get('x-forwarded-host'), forwardedProto: header.get('x-forwarded-proto') };
  return <pre data-testid="seen">{JSON.stringify(seen)}</pre>;
}
