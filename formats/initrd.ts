/** Checks of initial RAM disks: one or more cpio archives, each plain or compressed, with zero padding between. */
import { isCpio, readCpioAt } from './cpio.ts';
import { gunzipMember, isGzip, skipZeros } from './gzip.ts';

/** Archives that unpack to more than this are refused, in bytes. */
const LIMIT = 0x1000_0000;

/**
 * Walks an initial RAM disk as Linux would. Throws an `InputError` when a gzip or cpio part is damaged or cut short.
 * From the first part of another format on, nothing is checked: it may be anything that the guest understands.
 */
export function checkInitrd(bytes: Uint8Array, name = 'initrd'): void {
  let at = skipZeros(bytes, 0);
  while (at < bytes.length) {
    if (isGzip(bytes.subarray(at))) {
      const { content, end } = gunzipMember(bytes, LIMIT, name, at);
      if (isCpio(content)) readCpioAt(content, 0, `${name} (unpacked)`);
      at = skipZeros(bytes, end);
    } else if (at % 4 === 0 && isCpio(bytes.subarray(at))) {
      at = skipZeros(bytes, readCpioAt(bytes, at, name).end);
    } else {
      return;
    }
  }
}
