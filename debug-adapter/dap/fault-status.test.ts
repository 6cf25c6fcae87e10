import assert from 'node:assert/strict';
import type { Walk } from '../../emulator/vm.ts';
import { describeFaultStatus, describeWalk } from './fault-status.ts';

describe('fault status in words', () => {
  it('names the fault, and the domain where there is one', () => {
    assert.equal(describeFaultStatus(0x05), 'translation fault (section)');
    assert.equal(describeFaultStatus(0x07), 'translation fault (page), domain 0');
    assert.equal(describeFaultStatus(0x3d), 'permission fault (section), domain 3');
    assert.equal(describeFaultStatus(0x1b), 'domain fault (page), domain 1');
    assert.equal(describeFaultStatus(0xf1), 'alignment fault');
    assert.match(describeFaultStatus(0x02), /0x2 \(reserved\)/);
  });

  it('tells a walk step by step', () => {
    const walk: Walk = {
      ...{ virtualAddress: 0xc010_0000, mmu: true, physicalAddress: 0x10_0000, pageSize: 0x10_0000, domain: 2 },
      steps: [{ level: 1, address: 0x7004, descriptor: 0x10_0c02, type: 'section' }],
      ...{ domainAccess: 1, ap: 3, cacheable: false, bufferable: false },
      fault: { privilegedRead: 0, privilegedWrite: 0, userRead: 0, userWrite: 0 },
    };
    assert.equal(
      describeWalk(walk),
      'level 1: descriptor 0x00100c02 at physical 0x00007004: section\n' +
        '0xc0100000 is physical 0x00100000, domain 2 (client), AP 3',
    );
    const fault: Walk = { ...walk, physicalAddress: undefined, steps: [{ ...walk.steps[0], type: 'fault' }] };
    assert.match(describeWalk(fault), /: no entry\n0xc0100000 is not mapped$/);
    assert.match(describeWalk({ ...walk, mmu: false, steps: [] }), /the MMU is off/);
  });
});
