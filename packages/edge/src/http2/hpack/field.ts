/** A decoded header field. It is checked once, also where a dynamic table repeats it. */
export type Field = Readonly<{
  name: string;
  value: string;
  /** Its size in a table and in a header list (RFC 7541, 4.1). */
  size: number;
  /** Its name is a lower-case token, or one of a pseudo-header, and its value may be passed on in HTTP/1.1. */
  valid: boolean;
}>;

const NAME = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** No control characters: the value is passed on in HTTP/1.1. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const OVERHEAD = 32;

export const toField = (name: string, value: string): Field => ({
  name,
  value,
  size: name.length + value.length + OVERHEAD,
  valid: NAME.test(name) && isValue(value),
});

/** Returns whether a value may be sent: without control characters and white space around it (RFC 9113, 8.2.1). */
const isValue = (value: string): boolean =>
  VALUE.test(value) && !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;
