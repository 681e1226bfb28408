// The library's dependency injection needs this polyfill before it is loaded.
import 'reflect-metadata';

export * from '@peculiar/x509';
