import type { StageOptions } from './stage.ts';

/** The site of `e2e/apps/assets`, which several files test. */
export const ASSETS_SITE: StageOptions = {
  app: 'assets',
  hold: '/api/hold',
  variables: {
    production: { NEXT_PUBLIC_STAGE: 'the real one', SERVER_STAGE: 'run production' },
    preview: { NEXT_PUBLIC_STAGE: 'a preview', SERVER_STAGE: 'run preview' },
  },
  shared: true,
};
