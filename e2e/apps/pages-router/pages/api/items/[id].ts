export { default } from '../hello';
