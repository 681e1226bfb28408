export default 'loaded later';
