import type { HostRoute } from '@anchor/core/ports/route-table.ts';

/** Holds routes that tests change as they like. */
export class TestRoutes extends Map<string, HostRoute> {
  generation = 0;

  override set(host: string, route: HostRoute): this {
    this.generation++;
    return super.set(host, route);
  }

  override delete(host: string): boolean {
    this.generation++;
    return super.delete(host);
  }
}
