import type { TestEvent } from 'node:test/reporters';

/**
 * Reports for the test runner's own use: one JSON line with the counts of the whole run, and one for each skipped test.
 */
export default async function* count(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === 'test:summary' && event.data.file === undefined)
      yield `${JSON.stringify({ type: 'counts', ...event.data.counts })}\n`;
    if (event.type === 'test:pass' && event.data.skip !== undefined)
      yield `${JSON.stringify({ type: 'skip', name: event.data.name, reason: String(event.data.skip) })}\n`;
  }
}
