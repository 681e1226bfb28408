/** What the platform tells the running application about itself. Outside the platform (next dev) all are absent. */
export function platform() {
  return {
    environment: process.env.ANCHOR_ENV ?? 'development',
    deploymentId: process.env.ANCHOR_DEPLOYMENT_ID ?? 'none, not deployed',
    commit: process.env.ANCHOR_GIT_COMMIT_SHA?.slice(0, 9) ?? 'none',
    branch: process.env.ANCHOR_GIT_BRANCH ?? 'none',
    url: process.env.ANCHOR_URL,
  };
}
