import type { z } from 'zod';
import type { Endpoint, EndpointTree } from '../endpoints/endpoint.ts';
import type { ApiResult } from './result.ts';

/** Bytes to send: anything that `fetch` takes as a body. */
export type Content = ReadableStream<Uint8Array> | Blob | ArrayBuffer | Uint8Array<ArrayBuffer>;

type Part<E, K extends 'params' | 'query' | 'body'> = E extends { readonly [P in K]: infer S extends z.ZodType }
  ? z.input<S>
  : unknown;
/** Params, query and body of an endpoint, in one flat object; uploads take their bytes as `content`. */
export type InputOf<E extends Endpoint> = Part<E, 'params'> &
  Part<E, 'query'> &
  Part<E, 'body'> &
  (E extends { readonly stream: 'upload' } ? { content: Content } : unknown);

/** `idempotencyKey` makes a repeated POST safe; `ifMatch` is the version that a change is meant for. */
export type CallOptions = Readonly<{ signal?: AbortSignal; idempotencyKey?: string; ifMatch?: number }>;

type Value<E extends Endpoint> = E extends { readonly stream: 'download' }
  ? ReadableStream<Uint8Array>
  : E extends { readonly response: infer R extends z.ZodType }
    ? z.output<R>
    : undefined;
type ResultOf<E extends Endpoint> = E extends { readonly stream: 'events' }
  ? AsyncIterable<ApiResult<Value<E>>>
  : Promise<ApiResult<Value<E>>>;
type Call<E extends Endpoint> =
  unknown extends InputOf<E>
    ? (input?: Record<never, never>, options?: CallOptions) => ResultOf<E>
    : Record<never, never> extends InputOf<E>
      ? (input?: InputOf<E>, options?: CallOptions) => ResultOf<E>
      : (input: InputOf<E>, options?: CallOptions) => ResultOf<E>;

/** The typed client of an endpoint tree: the same nouns and verbs, each a function. */
export type ClientOf<T extends EndpointTree> = {
  readonly [K in keyof T]: T[K] extends Endpoint ? Call<T[K]> : T[K] extends EndpointTree ? ClientOf<T[K]> : never;
};
