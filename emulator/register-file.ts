/** Registers by number (registers.ts) on one CPU block of the core, banked ones included. */
import type { Core } from './core.ts';
import { LAYOUT as L } from './layout.ts';
import { CPSR, MODE, modeName, REGISTER_NAMES, type RegisterId } from './registers.ts';

/** Bank of a mode, in the order of C_R13: usr (with sys and reserved modes), fiq, irq, svc, abt, und. */
const BANKS: Readonly<Record<number, number>> = {
  [MODE.fiq]: 1,
  [MODE.irq]: 2,
  [MODE.svc]: 3,
  [MODE.abt]: 4,
  [MODE.und]: 5,
};
const BANK_NAMES = ['usr', 'fiq', 'irq', 'svc', 'abt', 'und'];

const SYSTEM: Readonly<Record<string, number>> = {
  midr: L.C_MIDR,
  ctr: L.C_CTR,
  sctlr: L.C_SCTLR,
  ttbr0: L.C_TTBR0,
  dacr: L.C_DACR,
  dfsr: L.C_DFSR,
  ifsr: L.C_IFSR,
  far: L.C_FAR,
  fcseidr: L.C_FCSE,
  contextidr: L.C_CONTEXTIDR,
  dcache_lockdown: L.C_DLOCK,
  icache_lockdown: L.C_ILOCK,
  tlb_lockdown: L.C_TLBLOCK,
  dtcm_region: L.C_DTCM,
  itcm_region: L.C_ITCM,
};

/** Where a CPU block of the core has a system control register; undefined for other registers. */
export function systemOffset(name: string): number | undefined {
  return Object.hasOwn(SYSTEM, name) ? SYSTEM[name] : undefined;
}

/** System registers that cannot be written. */
const READ_ONLY = new Set(['midr', 'ctr']);
/** Bits of SCTLR that can be written, as the core's MCR has them. */
const SCTLR_WRITABLE = 0x0005_f3ff;

/** Where a register is: a fixed place in a CPU block, or a bank's register, live when that bank is current. */
interface Place {
  kind: 'core' | 'cpsr' | 'spsr' | 'bank' | 'bankSpsr' | 'system';
  name: string;
  bank: number;
  index: number;
  offset: number;
}

const PLACES: readonly Place[] = REGISTER_NAMES.map((name, id): Place => {
  const place: Place = { kind: 'core', name, bank: 0, index: id, offset: 0 };
  if (id < 16) return place;
  if (name === 'cpsr' || name === 'spsr') return { ...place, kind: name };
  if (name in SYSTEM) return { ...place, kind: 'system', offset: SYSTEM[name] };
  const [register, bankName] = name.split('_');
  const bank = BANK_NAMES.indexOf(bankName);
  if (register === 'spsr') return { ...place, kind: 'bankSpsr', bank, offset: L.C_SPSR + bank * 4 };
  const index = register === 'sp' ? 13 : register === 'lr' ? 14 : Number(register.slice(1));
  const low = bank === 1 ? L.C_R8_FIQ : L.C_R8_USR;
  const offset = index >= 13 ? L.C_R13 + bank * 8 + (index - 13) * 4 : low + (index - 8) * 4;
  return { ...place, kind: 'bank', bank, index, offset };
});

export class RegisterFile {
  private readonly core: Core;
  private readonly cpu: number;

  /** `cpu` is the address of a CPU block: L.CPU_PHYS or L.CPU_VIRT. */
  constructor(core: Core, cpu: number) {
    this.core = core;
    this.cpu = cpu;
  }

  private get currentBank(): number {
    return BANKS[this.core.get(this.cpu + L.C_CPSR) & CPSR.MODE] ?? 0;
  }

  /** Whether a bank's register is live in REGS. Modes but fiq share r8 to r12 with usr. */
  private isLive({ bank, index }: Place): boolean {
    const current = this.currentBank;
    if (index >= 13) return bank === current;
    return (bank === 1) === (current === 1);
  }

  read(id: RegisterId): number {
    const { core, cpu } = this;
    const place = PLACES[id];
    if (!place) throw new RangeError(`There is no register number ${id}.`);
    switch (place.kind) {
      case 'core':
        return core.get(L.REGS + id * 4);
      case 'cpsr':
        return this.withActive(() => core.exports.cpsr() >>> 0);
      case 'spsr': {
        const bank = this.currentBank;
        return bank ? core.get(cpu + L.C_SPSR + bank * 4) : this.read(16);
      }
      case 'bank':
        return core.get(this.isLive(place) ? L.REGS + place.index * 4 : cpu + place.offset);
      case 'bankSpsr':
      case 'system':
        return core.get(cpu + place.offset);
    }
  }

  /** Writes a register. Returns whether translation may have changed (SCTLR, TTBR0, DACR, FCSE). */
  write(id: RegisterId, value: number): boolean {
    const { core, cpu } = this;
    const place = PLACES[id];
    if (!place) throw new RangeError(`There is no register number ${id}.`);
    switch (place.kind) {
      case 'core':
        core.set(L.REGS + id * 4, id === 15 ? value & (core.get(L.THUMB) ? ~1 : ~3) : value);
        return false;
      case 'cpsr':
        if (modeName(value & CPSR.MODE) === undefined)
          throw new RangeError(`CPSR 0x${(value >>> 0).toString(16)} names no mode of this CPU.`);
        this.withActive(() => core.exports.setCpsr(value));
        return false;
      case 'spsr': {
        const bank = this.currentBank;
        if (bank) core.set(cpu + L.C_SPSR + bank * 4, value);
        return false;
      }
      case 'bank':
        core.set(this.isLive(place) ? L.REGS + place.index * 4 : cpu + place.offset, value);
        return false;
      case 'bankSpsr':
        core.set(cpu + place.offset, value);
        return false;
      case 'system':
        if (READ_ONLY.has(place.name)) return false;
        core.set(cpu + place.offset, place.name === 'sctlr' ? value & SCTLR_WRITABLE : value);
        return ['sctlr', 'ttbr0', 'dacr', 'fcseidr'].includes(place.name);
    }
  }

  private withActive<T>(action: () => T): T {
    const { core } = this;
    const old = core.get(L.ACTIVE);
    core.exports.setActive(this.cpu);
    const result = action();
    core.exports.setActive(old);
    return result;
  }
}
