/** What the variant of this app has: the test writes variant.json. */
const { basePath = '', i18n } = require('./variant.json');
module.exports = { basePath, ...(i18n === undefined ? {} : { i18n }), typescript: { ignoreBuildErrors: true } };
