module.exports = {
  serverExternalPackages: ['ms'],
  outputFileTracingIncludes: { '/api/hello': ['../../content/**'] },
};
