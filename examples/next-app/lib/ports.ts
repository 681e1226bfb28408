export type Port = { slug: string; name: string; country: string; note: string };

/** The ports that are rendered at build time; any other slug answers with the not-found page. */
export const ports: readonly Port[] = [
  { slug: 'hamburg', name: 'Hamburg', country: 'Germany', note: 'Sixty nautical miles up the Elbe, and still the sea.' },
  { slug: 'bergen', name: 'Bergen', country: 'Norway', note: 'Seven mountains, one harbour, and rain on most days.' },
  { slug: 'valparaiso', name: 'Valparaíso', country: 'Chile', note: 'Painted hills above the Pacific, reached by funicular.' },
];
