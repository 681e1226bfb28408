import { isIPv4 } from 'node:net';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/** An IPv4 block: its first address as a number, and how many bits are fixed. */
export type Block = Readonly<{ base: number; bits: number }>;

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

export const toAddress = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** Parses `10.0.0.0/8` or a single address; IPv6 is refused, as sandboxes have none. */
export const parseBlock = (text: string): Result<Block> => {
  const [address = '', length = '32', ...rest] = text.split('/');
  const bits = Number(length);
  if (rest.length > 0 || !isIPv4(address) || !/^\d{1,2}$/.test(length) || bits > 32) {
    return fail(
      'invalid_input',
      `"${text.slice(0, 60)}" is not an IPv4 block`,
      'Write an address and a length, such as 10.20.0.0/16; sandboxes have no IPv6.',
    );
  }
  return ok({ base: toNumber(address) - (toNumber(address) % 2 ** (32 - bits)), bits });
};

export const formatBlock = (block: Block): string => `${toAddress(block.base)}/${block.bits}`;

const overlaps = (a: Block, b: Block): boolean => {
  const size = 2 ** (32 - Math.min(a.bits, b.bits));
  return Math.floor(a.base / size) === Math.floor(b.base / size);
};

/** Ranges that sandboxes may take their links from, in order of preference. */
const RANGES: readonly Block[] = [
  { base: toNumber('10.200.0.0'), bits: 14 },
  { base: toNumber('172.28.0.0'), bits: 14 },
  { base: toNumber('10.76.0.0'), bits: 14 },
  { base: toNumber('100.120.0.0'), bits: 14 },
];

type Route = Readonly<{ dst?: string; dev?: string }>;

/**
 * Returns the first range that no route of the machine (`ip -json route show table all`) reaches; links of sandboxes do
 * not count.
 */
export const freeRange = (routes: readonly Route[]): Block | undefined => {
  const taken = routes.flatMap(({ dst, dev }) => {
    const block =
      dst === undefined || dst === 'default' || dev?.startsWith('anchor-') === true ? undefined : parseBlock(dst);
    return block?.ok === true && block.value.bits > 0 ? [block.value] : [];
  });
  return RANGES.find((range) => !taken.some((block) => overlaps(range, block)));
};
