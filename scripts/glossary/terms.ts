/**
 * A word of the glossary that is not used, with the one that is. `prose` matches sentences, `name` the words of an
 * identifier in lower case with a space between them (`openPorts` is "open ports"). A word that has a right use too is
 * listed only where a pattern can tell the two apart.
 */
export type Term = Readonly<{ id: string; use: string; prose?: RegExp; name?: RegExp }>;

export const TERMS: readonly Term[] = [
  { id: 'again', use: 'retry, or what is repeated', name: /^(?:try )?again$/ },
  { id: 'ahead', use: 'prewarmed, preload, in advance', name: /\bahead\b/ },
  {
    id: 'a core',
    use: 'per core, per request, per second',
    prose: /\b(?:one|MB|requests|times) an? (?:core|request|second|minute|day|deployment|project|component|worker)\b/i,
  },
  { id: 'anew', use: 'revalidate, regenerate, restart', prose: /\banew\b/i, name: /\banew\b/ },
  { id: 'another way', use: 'fallback', prose: /\banother way\b/i },
  {
    id: 'answer',
    use: 'response, respond, return',
    prose: /\banswer(?:s|ed|ing)?\b/i,
    name: /\banswer(?:s|ed|ing)?\b/,
  },
  {
    id: 'asked',
    use: 'request, client',
    prose: /\bask(?:s|ed|ing)?\b(?! (?:the operator|your)\b)/i,
    name: /\b(?:asks?|asked|asking|asker)\b/,
  },
  { id: 'at rest', use: 'idle', prose: /(?<!encrypted |encryption )\bat rest\b/i, name: /\bat rest\b/ },
  { id: 'begin', use: 'start', prose: /\b(?:[Bb]egins?|begun|began|beginning)\b/, name: /\b(?:begun|beginnings?)\b/ },
  {
    id: 'broke off',
    use: 'closed the connection, aborted',
    prose: /\b(?:broken?|breaks?|breaking)[ -]off\b/i,
    name: /\bbreak off\b/,
  },
  { id: 'can not', use: 'cannot', prose: /\bcan not\b/i },
  { id: 'door', use: 'socket, endpoint', prose: /\bdoors?\b/i, name: /\bdoors?\b/ },
  { id: 'errand', use: 'pending operation', prose: /\berrands?\b/i, name: /\berrands?\b/ },
  { id: 'footing', use: 'valid, stale, expired', prose: /\bfooting\b/i, name: /\bfooting\b/ },
  {
    id: 'give back',
    use: 'return, release, free',
    prose: /\b(?:gives?|given|gave|giving) (?:it |them )?back\b/i,
    name: /\bgiven? back\b/,
  },
  { id: 'give way', use: 'evict', prose: /\b(?:gives?|given|gave|giving) way\b/i, name: /\bgives? way\b/ },
  { id: 'hand over', use: 'dispatch', prose: /\bhand(?:s|ed)? over\b/i, name: /\bhand over\b/ },
  {
    id: 'home',
    use: 'deployment target, platform',
    prose: /\b(?:a|the|second|local|another) home\b(?! (?:page|directory|folder))/i,
    name: /\blocal home\b/,
  },
  { id: 'house', use: 'package, module', prose: /\bhouses?\b/i, name: /\bhouses?\b/ },
  { id: 'kept', use: 'cached, stored, retained', name: /\b(?:un)?kept\b/ },
  { id: 'lies', use: 'is stored, is in', prose: /\b(?:lies|lie|lay|lain)\b/i },
  { id: 'mend', use: 'fix', prose: /\bmend(?:s|ed|ing)?\b/i, name: /\bmend(?:s|ed|ing)?\b/ },
  { id: 'old tab', use: 'skew protection', prose: /\bold(?:er)? tabs?\b/i, name: /\bold tabs?\b/ },
  { id: 'place', use: 'path, sandbox, target, slot', name: /^(?:open )?places?$/ },
  { id: 'room', use: 'package, module, space', prose: /\brooms?\b/i, name: /\brooms?\b/ },
  { id: 'run-time', use: 'runtime', prose: /\brun-time\b/i },
  { id: 'said', use: 'message, reported', name: /\b(?:said|told|tells?)\b/ },
  {
    id: 'somebody',
    use: 'a client, a user, concurrently',
    // GitHub's published test vector for signatures is "It's a Secret to Everybody".
    prose: /(?<!Secret to )\b(?:some|no|any|every)(?:body|one)\b/i,
    name: /\b(?:some|no|any|every)body\b/,
  },
  {
    id: 'standing',
    use: 'valid, stale, expired, prewarmed',
    prose: /\b(?:standing|stand(?:s|ing)? by|standbys?)\b/i,
    name: /\b(?:standing|standbys?|stand by)\b/,
  },
  { id: 'the same twice', use: 'duplicate, idempotent', prose: /\bthe same \w+ twice\b/i },
  { id: 'try again', use: 'retry', prose: /\b(?:try|tries|tried) (?:it )?again\b|\banother try\b/i },
  { id: 'under way', use: 'in flight', prose: /\bunder way\b/i, name: /\bunder way\b/ },
  { id: 'visit', use: 'request', prose: /\bvisit(?:s|ed)?\b/i, name: /\bvisits?\b/ },
  { id: 'waiting room', use: 'prewarmed pool, queue', name: /\b(?:waiting|waiter)\b/ },
  { id: 'who', use: 'the component that does it', prose: /\bwho(?:ever|m)?\b/i, name: /\b(?:who|whom|whoever)\b/ },
];
