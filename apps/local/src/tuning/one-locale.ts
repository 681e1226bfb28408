import { registerHooks } from 'node:module';

/**
 * Preloaded by each process: zod's index of 64 languages resolves to English alone, the only one that is used. zod
 * exports no entry without the others.
 */
const ALL_LOCALES = '../locales/index.js';
const ENGLISH = '../locales/en.js';

registerHooks({
  resolve: (specifier, context, next) =>
    next(
      specifier === ALL_LOCALES && context.parentURL?.includes('/node_modules/zod/') === true ? ENGLISH : specifier,
      context,
    ),
});
