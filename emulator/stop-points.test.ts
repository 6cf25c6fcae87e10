import assert from 'node:assert/strict';
import { fakeMachine } from './fake-machine.testing.ts';
import { StopPoints } from './stop-points.ts';
import type { BreakpointCondition, Vcpu } from './vm.ts';

const PROGRAM = [0];

/** The points of a virtual CPU, with what it was given last. */
function points(): {
  all: StopPoints;
  vcpu: Vcpu;
  given: { breakpoints: number[]; physical: number[]; conditions: number[] };
} {
  const { vcpu } = fakeMachine().machine;
  const given: ReturnType<typeof points>['given'] = { breakpoints: [], physical: [], conditions: [] };
  vcpu.setBreakpoints = (addresses) => void (given.breakpoints = [...addresses].sort((a, b) => a - b));
  vcpu.setPhysicalBreakpoints = (addresses) => void (given.physical = [...addresses]);
  vcpu.setConditions = (conditions) => void (given.conditions = conditions.map(({ address }) => address));
  return { all: new StopPoints(vcpu), vcpu, given };
}

const condition = (address: number, physical = false): BreakpointCondition => ({ address, physical, program: PROGRAM });

describe('points of several debuggers', () => {
  it('are together in the virtual CPU; a condition is its business only where nobody else stops', () => {
    const { all, given } = points();
    const [one, two] = [all.newOwner(), all.newOwner()];
    one.setBreakpoints([0x100, 0x200], { conditions: [condition(0x100), condition(0x200)] });
    assert.deepEqual(given, { breakpoints: [0x100, 0x200], physical: [], conditions: [0x100, 0x200] });
    two.setBreakpoints([0x200, 0x300]);
    assert.deepEqual(given, { breakpoints: [0x100, 0x200, 0x300], physical: [], conditions: [0x100] });
    // One by physical address may be at any virtual one.
    two.setBreakpoints([0x300], { physical: new Set([0x40]) });
    assert.deepEqual(given, { breakpoints: [0x100, 0x200, 0x300], physical: [0x40], conditions: [] });
    two.release();
    assert.deepEqual(given, { breakpoints: [0x100, 0x200], physical: [], conditions: [0x100, 0x200] });
  });

  it('let the guest go on when all who have a point there say so, and at watched bytes that nobody asked for', () => {
    const { all, vcpu } = points();
    const [one, two] = [all.newOwner(), all.newOwner()];
    one.passes = () => true;
    one.setBreakpoints([0x100]);
    vcpu.exit.address = 0x100;
    assert.equal(all.passes('breakpoint'), true);
    two.setBreakpoints([], { physical: new Set([0x100]) });
    assert.equal(all.passes('breakpoint'), false, 'the other has it by its physical address, and has not been asked');
    two.passes = () => true;
    assert.equal(all.passes('breakpoint'), true);
    vcpu.exit.address = 0x104;
    assert.equal(all.passes('breakpoint'), false, 'nobody knows of this one');
    two.passes = undefined;
    two.setWatchpoints([{ address: 0x80, length: 4, read: false, write: true, physical: true }]);
    Object.assign(vcpu.exit, { address: 0xc000_0080, physicalAddress: 0x80, debugCause: 'write' });
    assert.equal(all.passes('watchpoint'), false);
    vcpu.exit.physicalAddress = 0x90;
    assert.equal(all.passes('watchpoint'), true);
  });
});
