import assert from 'node:assert/strict';
import fc from 'fast-check';
import { writeCpio } from './cpio.ts';
import { damaged, throwsOnlyInputError } from './fuzz.testing.ts';
import { gzip } from './gzip.ts';
import { checkInitrd } from './initrd.ts';

const archive = writeCpio([{ name: 'init', mode: 0o100755, data: new TextEncoder().encode('#!/bin/sh\n') }]);
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));

describe('initial RAM disk', () => {
  it('accepts archives, plain and compressed, one after the other', () => {
    for (const bytes of [archive, gzip(archive), join(archive, gzip(archive), new Uint8Array(9), gzip(archive))]) {
      checkInitrd(bytes, 'initrd');
    }
  });

  it('accepts what it does not know', () => {
    checkInitrd(new TextEncoder().encode('hsqs, a file system'), 'initrd');
    checkInitrd(new Uint8Array(0), 'initrd');
  });

  it('refuses what is cut or damaged, and says where', () => {
    assert.throws(() => checkInitrd(archive.subarray(0, 200), 'disk'), /^InputError: disk: cut short: .*TRAILER/);
    assert.throws(() => checkInitrd(gzip(archive.subarray(0, 200)), 'disk'), /disk \(unpacked\): cut short/);
    assert.throws(
      () => checkInitrd(join(gzip(archive), gzip(archive).subarray(0, 30)), 'disk'),
      /disk: the compressed data/,
    );
  });

  it('answers damaged files with an InputError', () => {
    for (const seed of [archive, gzip(archive), join(gzip(archive), archive)]) {
      fc.assert(
        fc.property(damaged(seed), (bytes) => throwsOnlyInputError(() => checkInitrd(bytes))),
        { numRuns: 300 },
      );
    }
  });
});
