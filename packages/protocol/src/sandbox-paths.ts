/**
 * Absolute paths inside the sandboxes of builds and functions. A path that both have means the same in both: a build's
 * links into `/app` still lead there when the function runs.
 */
export const SANDBOX_PATHS = {
  /** The checkout of a build, the files of a function. */
  app: '/app',
  /** The Node that the project runs on. */
  node: '/node',
  /** The platform's runtime as plain JavaScript. */
  runtime: '/anchor',
  temporary: '/tmp',
  /** Builds: package stores. Functions: render cache and compile cache. */
  cache: '/cache',

  /** Builds: the home directory, and package managers and other tools. */
  home: '/home/build',
  tools: '/tools',
  /** Builds: dependency trees of an earlier build, and Next's cache of another branch. */
  cachedDependencies: '/kept',
  otherBranchCache: '/cache-from',

  /** Functions: the directory of the socket that the edge connects to, and the socket. */
  socketDirectory: '/run/anchor',
  socket: '/run/anchor/fn.sock',
  /** Functions: a file that exists when the process itself exited with the code of a kill. */
  ownExit: '/run/anchor/own-exit',
} as const;
