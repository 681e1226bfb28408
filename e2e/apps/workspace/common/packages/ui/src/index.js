import { createElement } from 'react';

export const Heading = ({ children }) => createElement('h1', { 'data-from': '@acme/ui' }, children);
