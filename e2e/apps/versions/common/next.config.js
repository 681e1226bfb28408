module.exports = {
  headers: async () => [{ source: '/(.*)', headers: [{ key: 'x-site', value: 'versions' }] }],
  redirects: async () => [{ source: '/old', destination: '/now?from=old', permanent: true }],
  rewrites: async () => ({
    beforeFiles: [{ source: '/before', destination: '/now' }],
    afterFiles: [{ source: '/articles/:slug', destination: '/posts/:slug' }],
    fallback: [],
  }),
};
