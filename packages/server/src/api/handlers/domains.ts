import type { Api } from '@anchor/client/endpoints/table.ts';
import { addDomain, platformNames } from '@anchor/core/domains/add-domain.ts';
import { checkDomain } from '@anchor/core/domains/check-domain.ts';
import { commandWord, parseDomainName } from '@anchor/core/domains/domain-name.ts';
import type { Domain } from '@anchor/core/domains/domain.ts';
import { certificatesOf, uploadCertificate } from '@anchor/core/domains/project-certificates.ts';
import { domainOf, removeDomain } from '@anchor/core/domains/remove-domain.ts';
import { parseEnvironmentName } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import type { HttpError } from '../../http/problem.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { certificateView, domainView } from '../views/domain.ts';
import { pageView } from '../views/views.ts';
import { CheckLimits, type TooSoon } from './check-limits.ts';

export function domainHandlers(server: ServerContext): HandlersOf<Api['domains']> {
  const { ports } = server;
  const limits = new CheckLimits();
  const find = finder(server);
  const view = (domain: Domain) => domainView(domain, ports.site);
  return {
    list: async ({ project, query }) => ok(pageView(await ports.domains.list(project.id, pageRequest(query)), view)),
    add: async ({ project, body, change }) => {
      const environment = body.environment === undefined ? undefined : parseEnvironmentName(body.environment);
      if (environment?.ok === false) return environment;
      const added = await addDomain(ports)(project, {
        name: body.name,
        ...(environment === undefined ? {} : { environment: environment.value }),
        ...(body.redirectTo === undefined ? {} : { redirectTo: body.redirectTo }),
      });
      if (!added.ok) return added;
      const { domain, suggested } = added.value;
      change.after({ name: domain.name, target: domain.target, redirectTo: body.redirectTo });
      return ok({ domain: view(domain), ...(suggested === undefined ? {} : { suggested }) });
    },
    get: async ({ project, params }) => {
      const domain = await find(project, params.name);
      return domain.ok ? ok(view(domain.value)) : domain;
    },
    check: async ({ project, params, signal }): Promise<Result<ReturnType<typeof domainView>, HttpError>> => {
      const domain = await find(project, params.name);
      if (!domain.ok) return domain;
      const checked = await limits.run(domain.value, ports.clock.now(), () =>
        checkDomain(ports)(domain.value.id, true, signal),
      );
      if ('waitMs' in checked) return tooSoon(checked);
      return checked.ok ? ok(view(checked.value)) : checked;
    },
    remove: async ({ project, params, change }) => {
      change.before({ name: params.name });
      const name = parseDomainName(params.name, platformNames(ports));
      return name.ok ? removeDomain(ports)(project.id, name.value) : name;
    },
  };
}

export function certificateHandlers(server: ServerContext): HandlersOf<Api['certificates']> {
  const { ports } = server;
  const find = finder(server);
  const view = (certificate: Parameters<typeof certificateView>[0]) => certificateView(certificate, ports.clock.now());
  return {
    list: async ({ project }) => ok({ items: (await certificatesOf(ports)(project.id)).map(view) }),
    all: async () => ok({ items: (await ports.certificates.list()).map(view) }),
    upload: async ({ project, body, change }) => {
      const uploaded = await uploadCertificate(ports)(project.id, body.chain, body.key);
      if (!uploaded.ok) return uploaded;
      change.after(view(uploaded.value));
      return ok(view(uploaded.value));
    },
    renew: async ({ project, params }) => {
      const domain = await find(project, params.name);
      if (!domain.ok) return domain;
      const { holder, name } = domain.value;
      // Another project has the name: a renewal would use up what the CA grants it.
      if (!holder)
        return fail(
          'unsupported',
          `${name} is not verified, so the project has no certificate for it`,
          `Verify it first: anchor domains check ${commandWord(name)}`,
        );
      const renewed = await ports.certificates.renew(name);
      if (!renewed.ok) return renewed;
      const checked = await checkDomain(ports)(domain.value.id);
      return checked.ok ? ok(domainView(checked.value, ports.site)) : checked;
    },
  };
}

/** Finds a domain of the project that the token may see; another project's does not exist for it. */
const finder =
  ({ ports }: ServerContext) =>
  async (project: Project, text: string): Promise<Result<Domain>> => {
    const name = parseDomainName(text, platformNames(ports));
    return name.ok ? domainOf(ports)(project.id, name.value) : name;
  };

const tooSoon = ({ waitMs, busy }: TooSoon): Result<never, HttpError> => {
  const retryAfterSeconds = Math.ceil(waitMs / 1_000);
  const limited = fail(
    'rate_limited',
    busy ? 'Several domains of the project are being checked' : 'The domain was checked moments ago',
    `Retry in ${retryAfterSeconds} s.`,
  );
  return { ok: false, error: { ...limited.error, retryAfterSeconds } };
};
