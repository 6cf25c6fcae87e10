/** Addresses as users type them. */
import assert from 'node:assert/strict';
import { literalAddress, numberIn, referenceOf, splitPlace } from './address.ts';

describe('addresses in views', () => {
  it('takes a prefix for physical addresses', () => {
    assert.deepEqual(splitPlace(' p: 0x4000 '), { expression: '0x4000', physical: true });
    assert.deepEqual(splitPlace('P:$sp'), { expression: '$sp', physical: true });
    assert.deepEqual(splitPlace('pp->next'), { expression: 'pp->next', physical: false });
    assert.equal(referenceOf({ address: 0x4000, physical: true }), 'p:0x00004000');
  });

  it('knows numbers, and finds them in results', () => {
    assert.deepEqual([literalAddress('0xffffffff'), literalAddress('16'), literalAddress('4294967296'), literalAddress('sp')], [0xffff_ffff, 16, undefined, undefined]); // prettier-ignore
    assert.equal(numberIn('(struct task *) 0xc0017c4c <tasks>'), 0xc001_7c4c);
    assert.equal(numberIn('-1'), 0xffff_ffff);
    assert.equal(numberIn('no number'), undefined);
    assert.equal(numberIn('99999999999'), undefined);
  });
});
