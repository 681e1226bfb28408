/** The reason that a dropped delivery or deployment shows. */
export const DROPPED = 'Dropped by a user after it could not be processed';
