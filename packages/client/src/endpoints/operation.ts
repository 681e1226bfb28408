import { isEndpoint, type Endpoint, type EndpointTree } from './endpoint.ts';

/** What it takes to call an endpoint: its row of the table without schemas, so that browsers load no zod. */
export type Operation = Readonly<{
  method: Endpoint['method'];
  path: string;
  /** Names of the parts of the input. What is in neither is the body. */
  params: readonly string[];
  query: readonly string[];
  /** Whether it takes a JSON body. */
  body: boolean;
  /** Whether it responds with JSON, or with events of JSON. */
  response: boolean;
  stream?: NonNullable<Endpoint['stream']>;
  mediaType?: string;
}>;
export type OperationTree = Readonly<{ [name: string]: Operation | OperationTree }>;

export const isOperation = (node: Operation | OperationTree): node is Operation =>
  typeof (node as { method?: unknown }).method === 'string';

export const operationOf = ({
  method,
  path,
  params,
  query,
  body,
  response,
  stream,
  mediaType,
}: Endpoint): Operation => ({
  method,
  path,
  params: Object.keys(params?.shape ?? {}),
  query: Object.keys(query?.shape ?? {}),
  body: body !== undefined,
  response: response !== undefined,
  ...(stream === undefined ? {} : { stream }),
  ...(mediaType === undefined ? {} : { mediaType }),
});

export const operationsOf = (tree: EndpointTree): OperationTree =>
  Object.fromEntries(
    Object.entries(tree).map(([name, node]) => [name, isEndpoint(node) ? operationOf(node) : operationsOf(node)]),
  );
