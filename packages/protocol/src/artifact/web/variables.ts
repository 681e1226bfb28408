/** Names that would change how the build of a web component is watched; users cannot set them. */
export const WEB_RESERVED_VARIABLES: readonly string[] = ['NEXT_ADAPTER_PATH'];

/** Prefixes under which frameworks put variables into what browsers get. */
export const PUBLIC_PREFIXES: readonly string[] = ['NEXT_PUBLIC_', 'VITE_'];

/**
 * Returns the variables that give builds and functions the key of server actions (32 bytes, base64). Deployments that
 * share it can open each other's forms, so a page that was loaded before a switch still works after it.
 */
export const actionsKeyVariables = (key: string): Readonly<Record<string, string>> => ({
  NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: key,
});
