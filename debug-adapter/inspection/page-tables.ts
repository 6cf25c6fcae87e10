/** The guest's translation tables side by side with the shadow's, a row a megabyte or a row a page. */
import type { HypervisorView } from '../../emulator/hypervisor-view.ts';
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER } from '../../emulator/registers.ts';
import type { PageTablesResponse, ShadowCell, ShadowState, TableRow } from '../protocol.ts';
import { hex32 } from '../target.ts';
import { decodeLevel1 } from './descriptors.ts';
import { guestSteps, shadowSide } from './translation.ts';

export const MEGABYTES = 4096;
const MEGABYTE = 1 << 20;
const KB = 1024;
const SCTLR_M = 1;
const L1_BASE = 0xffff_c000;

/** Which rows are wanted. */
export interface PageTablesQuery {
  /** Undefined: a row a megabyte; else a row a page of this megabyte. */
  megabyte: number | undefined;
  start: number;
  count: number;
  /** Only rows that one of the sides maps. */
  used: boolean;
}

/** Rows of both tables, from `start` on. */
export function inspectPageTables(machine: Machine, query: PageTablesQuery): PageTablesResponse {
  const { megabyte, start, count, used } = query;
  const { vcpu, vm } = machine;
  const pageSize = megabyte === undefined ? MEGABYTE : pageSizeOf(machine, megabyte);
  const total = megabyte === undefined ? MEGABYTES : MEGABYTE / pageSize;
  const base = (megabyte ?? 0) * MEGABYTE;
  const rows: TableRow[] = [];
  let index = start;
  for (; index < total && rows.length < count; index++) {
    const address = base + index * pageSize;
    const row =
      megabyte === undefined ? megabyteRow(machine, index, address) : pageRow(machine, index, address, pageSize);
    if (!used || isUsed(row)) rows.push(row);
  }
  const roots = vm.hypervisor && {
    privileged: hex32(vm.hypervisor.shadow.walk(0, false).l1Address),
    user: hex32(vm.hypervisor.shadow.walk(0, true).l1Address),
  };
  return {
    level: megabyte === undefined ? 1 : 2,
    mmu: (vcpu.readRegister(REGISTER.sctlr) & SCTLR_M) !== 0,
    root: hex32(vcpu.readRegister(REGISTER.ttbr0) & L1_BASE),
    ...(roots && { shadowRoots: roots }),
    ...{ total, rows },
    ...(index < total && { next: index }),
  };
}

/** Bytes of a row of a megabyte: 1 KB where the guest's table is fine, or the shadow's. */
function pageSizeOf({ vcpu, vm }: Machine, megabyte: number): number {
  const address = megabyte * MEGABYTE;
  const fine = vcpu.translate(address).steps[0]?.type === 'fine' || shadowIsFine(vm.hypervisor, address);
  return fine ? KB : 4 * KB;
}

function shadowIsFine(hypervisor: HypervisorView | undefined, address: number): boolean {
  return [false, true].some((user) => ((hypervisor?.shadow.walk(address, user).l1 ?? 0) & 3) === 3);
}

function megabyteRow(machine: Machine, index: number, address: number): TableRow {
  const { hypervisor } = machine.vm;
  const [guest] = guestSteps(machine.vcpu.translate(address));
  return {
    ...{ index, address: hex32(address) },
    ...(guest !== undefined && { guest }),
    ...(hypervisor && {
      shadow: {
        privileged: megabyteCell(machine, hypervisor, address, false),
        user: megabyteCell(machine, hypervisor, address, true),
      },
    }),
  };
}

/** A level 1 entry of the shadow, and what its level 2 table holds. */
function megabyteCell(machine: Machine, hypervisor: HypervisorView, address: number, user: boolean): ShadowCell {
  const { served, l1 } = hypervisor.shadow.walk(address, user);
  if (!served) return { state: 'unserved' };
  if (l1 === 0) {
    const { steps, mmu } = machine.vcpu.translate(address);
    return { state: mmu && (steps[0].descriptor & 3) === 0 ? 'unmapped' : 'missing', entries: 0 };
  }
  const size = (l1 & 3) === 3 ? KB : 4 * KB;
  let entries = 0;
  const states = new Set<ShadowState>();
  for (let page = address; page < address + MEGABYTE; page += size) {
    if (hypervisor.shadow.walk(page, user).l2 === 0) continue;
    entries++;
    states.add(pageState(machine, hypervisor, page, size, user));
  }
  const worst = (['differs', 'narrower', 'same', 'host'] as const).find((state) => states.has(state));
  return { descriptor: decodeLevel1(l1), entries, state: worst ?? 'missing' };
}

/** How an entry of the shadow compares with the guest's, over all quarters of its page. */
function pageState(
  machine: Machine,
  hypervisor: HypervisorView,
  address: number,
  size: number,
  user: boolean,
): ShadowState {
  const states = new Set<ShadowState>();
  for (let quarter = address; quarter < address + size;) {
    const walk = machine.vcpu.translate(quarter);
    states.add(shadowSide(hypervisor, walk, user).state);
    quarter += walk.pageSize >= size ? size : KB;
  }
  if (states.size === 1) return [...states][0];
  return states.has('differs') ? 'differs' : states.has('narrower') ? 'narrower' : 'same';
}

function pageRow(machine: Machine, index: number, address: number, size: number): TableRow {
  const { hypervisor } = machine.vm;
  const walk = machine.vcpu.translate(address);
  const steps = guestSteps(walk);
  const guest = steps.at(-1);
  const cell = (view: HypervisorView, user: boolean): ShadowCell => {
    const side = shadowSide(view, walk, user);
    const descriptor = side.steps.at(1);
    return {
      ...(side.served && descriptor && { descriptor }),
      state: side.physicalAddress === undefined ? side.state : pageState(machine, view, address, size, user),
    };
  };
  return {
    ...{ index, address: hex32(address) },
    ...(guest !== undefined && { guest }),
    ...(hypervisor && { shadow: { privileged: cell(hypervisor, false), user: cell(hypervisor, true) } }),
  };
}

function isUsed({ guest, shadow }: TableRow): boolean {
  if (guest && guest.type !== 'fault' && guest.type !== 'reserved') return true;
  return [shadow?.privileged, shadow?.user].some(
    (cell) => cell?.descriptor !== undefined && cell.descriptor.type !== 'fault',
  );
}
