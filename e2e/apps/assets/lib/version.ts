/** Tests push another one. */
export const VERSION = 'one';
