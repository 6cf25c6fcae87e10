/**
 * Multimedia card interface PL181 (ARM DDI 0205) with an empty card slot: a command that expects a response times out,
 * a command that expects none is sent, and a data transfer times out. That is all a guest needs to find no card.
 * A command that is to wait for a card's interrupt, or for the end of a transfer, waits for ever.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { RegisterFile } from './register-file.ts';
import { sameShape } from './state.ts';

const POWER = 0x00;
const CLOCK = 0x04;
const ARGUMENT = 0x08;
const COMMAND = 0x0c;
const RESPCMD = 0x10;
const RESPONSE0 = 0x14;
const RESPONSE1 = 0x18;
const RESPONSE2 = 0x1c;
const RESPONSE3 = 0x20;
const DATATIMER = 0x24;
const DATALENGTH = 0x28;
const DATACTRL = 0x2c;
const DATACNT = 0x30;
const STATUS = 0x34;
const CLEAR = 0x38;
const MASK0 = 0x3c;
const MASK1 = 0x40;
const SELECT = 0x44;
const FIFOCNT = 0x48;

const PERIPHERAL_ID = 0x0004_1181;

const COMMAND_RESPONSE = 1 << 6;
const COMMAND_INTERRUPT = 1 << 8;
const COMMAND_PENDING = 1 << 9;
const COMMAND_ENABLE = 1 << 10;
const DATACTRL_ENABLE = 1 << 0;
const STATUS_CMDTIMEOUT = 1 << 2;
const STATUS_DATATIMEOUT = 1 << 3;
const STATUS_CMDSENT = 1 << 7;
/** The status bits that MMCIClear clears. */
const CLEAR_MASK = 0x7ff;
const INTERRUPT_MASK = 0x3f_ffff;

const REGISTERS = [
  { name: 'MMCIPower', offset: POWER, reset: 0, writable: 0xff },
  { name: 'MMCIClock', offset: CLOCK, reset: 0, writable: 0xfff },
  { name: 'MMCIArgument', offset: ARGUMENT, reset: 0, writable: 0xffff_ffff },
  { name: 'MMCICommand', offset: COMMAND, reset: 0, writable: 0x7ff },
  { name: 'MMCIRespCmd', offset: RESPCMD, reset: 0, writable: 0 },
  { name: 'MMCIResponse0', offset: RESPONSE0, reset: 0, writable: 0 },
  { name: 'MMCIResponse1', offset: RESPONSE1, reset: 0, writable: 0 },
  { name: 'MMCIResponse2', offset: RESPONSE2, reset: 0, writable: 0 },
  { name: 'MMCIResponse3', offset: RESPONSE3, reset: 0, writable: 0 },
  { name: 'MMCIDataTimer', offset: DATATIMER, reset: 0, writable: 0xffff_ffff },
  { name: 'MMCIDataLength', offset: DATALENGTH, reset: 0, writable: 0xffff },
  { name: 'MMCIDataCtrl', offset: DATACTRL, reset: 0, writable: 0xff },
  { name: 'MMCIDataCnt', offset: DATACNT, reset: 0, writable: 0 },
  { name: 'MMCIStatus', offset: STATUS, reset: 0, writable: 0 },
  { name: 'MMCIMask0', offset: MASK0, reset: 0, writable: INTERRUPT_MASK },
  { name: 'MMCIMask1', offset: MASK1, reset: 0, writable: INTERRUPT_MASK },
  { name: 'MMCISelect', offset: SELECT, reset: 0, writable: 0xf },
  { name: 'MMCIFifoCnt', offset: FIFOCNT, reset: 0, writable: 0 },
];

export class Pl181 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly interrupt0: Line;
  private readonly interrupt1: Line;
  private readonly registers = new RegisterFile(REGISTERS);

  constructor(name: string, interrupt0: Line, interrupt1: Line) {
    this.name = name;
    this.interrupt0 = interrupt0;
    this.interrupt1 = interrupt1;
  }

  read(offset: number, size: number, _now: number): number {
    const register = offset & ~3;
    const value = register >= IDENTIFICATION ? identification(PERIPHERAL_ID, register) : this.registers.get(register);
    return readLanes(value, offset, size);
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size);
    const register = offset & ~3;
    const { registers } = this;
    registers.write(register, value);
    if (register === COMMAND && (value & (COMMAND_ENABLE | COMMAND_INTERRUPT | COMMAND_PENDING)) === COMMAND_ENABLE) {
      this.raise(value & COMMAND_RESPONSE ? STATUS_CMDTIMEOUT : STATUS_CMDSENT);
      registers.set(COMMAND, registers.get(COMMAND) & ~COMMAND_ENABLE);
    }
    if (register === DATACTRL && value & DATACTRL_ENABLE) {
      registers.set(DATACNT, registers.get(DATALENGTH));
      this.raise(STATUS_DATATIMEOUT);
    }
    if (register === CLEAR) registers.set(STATUS, registers.get(STATUS) & ~(value & CLEAR_MASK));
    this.drive();
    return 0;
  }

  advance(_now: number): void {}

  nextEvent(): number {
    return Infinity;
  }

  reset(): void {
    this.registers.reset();
    this.drive();
  }

  save() {
    return { registers: this.registers.save() };
  }

  restore(state: unknown): void {
    this.registers.restore(this.name, sameShape(this.name, this.save(), state).registers);
    this.drive();
  }

  inspect() {
    return this.registers.inspect();
  }

  private raise(status: number): void {
    this.registers.set(STATUS, this.registers.get(STATUS) | status);
  }

  private drive(): void {
    const status = this.registers.get(STATUS);
    this.interrupt0.set((status & this.registers.get(MASK0)) !== 0);
    this.interrupt1.set((status & this.registers.get(MASK1)) !== 0);
  }
}
