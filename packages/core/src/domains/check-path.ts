import type { Domain } from './domain.ts';

/** The edge responds below it for every domain, and no application gets these requests. */
const CHECK_PATH = '/.well-known/anchor-check/';

/** Returns the path that is requested at each address of a domain. */
export const checkPathOf = ({ checkToken }: Pick<Domain, 'checkToken'>): string => `${CHECK_PATH}${checkToken}`;
