/** One address: the guest's own walk, the shadow's for both virtual modes, and what an access there leads to. */
import type { HypervisorView, ShadowWalk } from '../../emulator/hypervisor-view.ts';
import type { Machine } from '../../emulator/machine.ts';
import { MODE, REGISTER } from '../../emulator/registers.ts';
import type { Walk } from '../../emulator/vm.ts';
import type {
  AccessOutcome,
  GuestWalk,
  ShadowSide,
  ShadowState,
  TranslationResponse,
  WalkedDescriptor,
} from '../protocol.ts';
import { hex32 } from '../target.ts';
import type { CodeNames } from './code-names.ts';
import { access, decodeLevel1, decodeLevel2, DOMAIN_ACCESS } from './descriptors.ts';

const CPSR_MODE = 0x1f;
const CLIENT = 1;
const MANAGER = 3;
/** AP fields that let user mode read, and write, while S = R = 0. */
const AP_READ = 2;
const AP_WRITE = 3;

/** Looks an address up everywhere. `user` is the virtual mode of the result; the present one when left out. */
export function inspectTranslation(
  machine: Machine,
  address: number,
  user = inUserMode(machine),
  names?: CodeNames,
): TranslationResponse {
  const walk = machine.vcpu.translate(address);
  const symbol = names?.describe(address, user);
  const { hypervisor } = machine.vm;
  const sides = hypervisor && {
    privileged: shadowSide(hypervisor, walk, false),
    user: shadowSide(hypervisor, walk, true),
  };
  const side = user ? sides?.user : sides?.privileged;
  return {
    address: hex32(address),
    ...(symbol !== undefined && { symbol }),
    guest: guestWalk(machine, walk),
    ...(hypervisor && sides && { shadow: { strategy: hypervisor.shadow.strategy, ...sides } }),
    result: {
      user,
      read: outcome(machine, walk, side, user, false),
      write: outcome(machine, walk, side, user, true),
    },
  };
}

function inUserMode(machine: Machine): boolean {
  return (machine.vcpu.readRegister(REGISTER.cpsr) & CPSR_MODE) === MODE.usr;
}

/** The descriptors that a walk of the guest's tables has met. */
export function guestSteps(walk: Walk): WalkedDescriptor[] {
  const fine = walk.steps[0]?.type === 'fine';
  return walk.steps.map(({ level, address, descriptor }) => ({
    level,
    address: hex32(address),
    ...(level === 1 ? decodeLevel1(descriptor) : decodeLevel2(descriptor, fine)),
  }));
}

function guestWalk(machine: Machine, walk: Walk): GuestWalk {
  const { mmu, physicalAddress, pageSize, domain, domainAccess, fault } = walk;
  const device = physicalAddress === undefined ? undefined : machine.board.deviceAt(physicalAddress >>> 0)?.name;
  return {
    mmu,
    steps: guestSteps(walk),
    ...(physicalAddress !== undefined && { physicalAddress: hex32(physicalAddress) }),
    ...(device !== undefined && { device }),
    ...{ pageSize, domain, domainAccess: DOMAIN_ACCESS[domainAccess] },
    access: {
      privilegedRead: access(fault.privilegedRead),
      privilegedWrite: access(fault.privilegedWrite),
      userRead: access(fault.userRead),
      userWrite: access(fault.userWrite),
    },
  };
}

/** What the guest's tables let a mode do. */
function guestRights({ fault }: Walk, user: boolean): { read: boolean; write: boolean } {
  return user
    ? { read: fault.userRead === 0, write: fault.userWrite === 0 }
    : { read: fault.privilegedRead === 0, write: fault.privilegedWrite === 0 };
}

/** A shadow walk with what it grants and how it compares with the guest's. */
export function shadowSide(hypervisor: HypervisorView, walk: Walk, user: boolean): ShadowSide {
  const { virtualAddress } = walk;
  const { shadow } = hypervisor;
  const found = shadow.walk(virtualAddress, user);
  const target = entryTarget(found, virtualAddress);
  const rights = shadowRights(found, virtualAddress);
  const isHost = shadow.hostPages().some(({ address }) => address >>> 12 === virtualAddress >>> 12);
  return {
    served: found.served,
    steps: shadowSteps(found, virtualAddress),
    ...(target !== undefined && { physicalAddress: hex32(target) }),
    ...rights,
    state: compare(walk, found.served, isHost, target, rights, guestRights(walk, user)),
  };
}

function shadowSteps({ l1Address, l1, l2 }: ShadowWalk, virtualAddress: number): WalkedDescriptor[] {
  const level1: WalkedDescriptor = { level: 1, address: hex32(l1Address), ...decodeLevel1(l1) };
  if (!(l1 & 1)) return [level1];
  const fine = (l1 & 3) === 3;
  const table = (fine ? l1 & 0xffff_f000 : l1 & 0xffff_fc00) >>> 0;
  const index = fine ? (virtualAddress >>> 10) & 0x3ff : (virtualAddress >>> 12) & 0xff;
  return [level1, { level: 2, address: hex32(table + index * 4), ...decodeLevel2(l2, fine) }];
}

/** Physical address that a shadow entry leads to. The hypervisor fills small and tiny pages only. */
function entryTarget({ l2 }: ShadowWalk, virtualAddress: number): number | undefined {
  if (l2 === 0) return undefined;
  const offset = (l2 & 3) === 3 ? 0x3ff : 0xfff;
  return ((l2 & ~offset) | (virtualAddress & offset)) >>> 0;
}

/** What physical user mode may do through a shadow entry. */
function shadowRights({ l1, l2, dacr }: ShadowWalk, virtualAddress: number): { read: boolean; write: boolean } {
  const domain = (dacr >>> (((l1 >>> 5) & 15) * 2)) & 3;
  if (l2 === 0 || (domain !== CLIENT && domain !== MANAGER)) return { read: false, write: false };
  if (domain === MANAGER) return { read: true, write: true };
  const quarter = (l2 & 3) === 3 ? 0 : (virtualAddress >>> 10) & 3;
  const ap = (l2 >>> (4 + quarter * 2)) & 3;
  return { read: ap >= AP_READ, write: ap === AP_WRITE };
}

function compare(
  walk: Walk,
  served: boolean,
  isHost: boolean,
  target: number | undefined,
  shadow: { read: boolean; write: boolean },
  guest: { read: boolean; write: boolean },
): ShadowState {
  if (!served) return 'unserved';
  if (isHost) return 'host';
  const { physicalAddress } = walk;
  if (target === undefined) return physicalAddress === undefined ? 'unmapped' : 'missing';
  if (physicalAddress === undefined || physicalAddress >>> 0 !== target) return 'differs';
  if (shadow.read === guest.read && shadow.write === guest.write) return 'same';
  return (shadow.read && !guest.read) || (shadow.write && !guest.write) ? 'differs' : 'narrower';
}

function outcome(
  machine: Machine,
  walk: Walk,
  side: ShadowSide | undefined,
  user: boolean,
  write: boolean,
): AccessOutcome {
  const allowed = guestRights(walk, user)[write ? 'write' : 'read'];
  if (!allowed || walk.physicalAddress === undefined) return 'guest-fault';
  if (machine.vm.ram(walk.physicalAddress >>> 0, 1) === undefined) return 'mmio';
  if (!side || side[write ? 'write' : 'read']) return 'direct';
  return side.state === 'missing' || side.state === 'unserved' ? 'fill' : 'emulated';
}

/** A translation for people: each descriptor, the result, who may do what, and the shadow beside it. */
export function describeTranslation({ address, guest, shadow, result }: TranslationResponse): string {
  const lines = [`virtual ${address}${guest.mmu ? '' : ' (the MMU is off)'}`, ...guest.steps.map(stepLine)];
  if (guest.physicalAddress === undefined) lines.push(`no mapping: ${guest.access.privilegedRead.fault ?? ''} fault`);
  else {
    lines.push(`physical ${guest.physicalAddress}${guest.device === undefined ? '' : ` (${guest.device})`}`);
    if (guest.mmu) {
      const { privilegedRead, privilegedWrite, userRead, userWrite } = guest.access;
      const says = ({ ok, fault }: typeof userRead): string => (ok ? 'yes' : `no (${fault})`);
      lines.push(
        `${guest.pageSize} bytes, domain ${guest.domain} (${guest.domainAccess})`,
        `privileged: read ${says(privilegedRead)}, write ${says(privilegedWrite)}`,
        `user: read ${says(userRead)}, write ${says(userWrite)}`,
      );
    }
  }
  if (shadow)
    for (const name of ['privileged', 'user'] as const) {
      const { steps, read, write, state } = shadow[name];
      lines.push(`shadow for ${name} mode: ${state}; read ${read ? 'yes' : 'no'}, write ${write ? 'yes' : 'no'}`);
      if (state !== 'unserved') lines.push(...steps.map(stepLine));
    }
  lines.push(`in ${result.user ? 'user' : 'privileged'} mode now: read ${result.read}, write ${result.write}`);
  return lines.join('\n');
}

function stepLine({ level, address, word, type, domain, ap, c, b, target }: WalkedDescriptor): string {
  const fields = [
    ...(domain === undefined ? [] : [`domain ${domain}`]),
    ...(ap === undefined ? [] : [`AP ${ap.every((field) => field === ap[0]) ? ap[0] : ap.join('.')}`]),
    ...(c ? ['C'] : []),
    ...(b ? ['B'] : []),
    ...(target === undefined ? [] : [`to ${target}`]),
  ];
  return `  level ${level} at ${address}: ${word} ${type}${fields.length > 0 ? `, ${fields.join(', ')}` : ''}`;
}
