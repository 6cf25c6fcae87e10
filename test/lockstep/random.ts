/** The random campaign: blocks of random code in random surroundings, compared with QEMU after every instruction. */
import { NativeMachine } from '../../emulator/native-vm.ts';
import { REGISTER } from '../../emulator/registers.ts';
import { Follower } from './follower.ts';
import { Oracle } from './oracle.ts';
import { Rng } from './rng.ts';
import {
  EPILOGUE,
  EPILOGUE_END,
  EPILOGUE_LIMIT,
  fillData,
  fillTables,
  makeScenario,
  PROLOGUE,
  RAM_SIZE,
  type Scenario,
  ARM_CODE,
} from './scenario.ts';

const RESET_CPSR = 0xd3;
const CPSR = 16;
const MODE_USR = 0x10;
const PC = 15;
/** Steps of a block, without what QEMU runs on before it stops. */
const BLOCK_STEPS = 300;
/** Steps of a prologue or epilogue at most. */
const SETUP_LIMIT = 200;
const TABLES_EVERY = 20;
/** Unchanged bytes between two changes that are sent along. */
const GAP = 16;
const SEND_LIMIT = 1000;
const VIC = 0x1014_0000;
const VIC_SELECT = VIC + 0x0c;
const VIC_ENABLE = VIC + 0x10;
const VIC_SOFT = VIC + 0x18;
const IRQ_SOURCE = 1;
const FIQ_SOURCE = 2;

export interface RandomOptions {
  readonly steps: number;
  readonly seed: number;
  /** Stops after so many differences; 1 by default. */
  readonly maxDifferences?: number;
  readonly progress?: (steps: number) => void;
}

export interface RandomReport {
  /** Steps of random code compared, and steps of prologues and epilogues. */
  steps: number;
  setupSteps: number;
  blocks: number;
  /** Blocks that were followed to their end, with RAM equal. */
  ramComparisons: number;
  /** Those whose banked, status and system registers were compared as well. */
  blocksComplete: number;
  /** QEMU processes that crashed. */
  restarts: number;
  modes: Map<string, number>;
  /** Exceptions entered, by vector. */
  exceptions: Map<string, number>;
  /** Rows of the instruction tables that were executed, '' for undefined words. */
  rows: ReadonlySet<string>;
  skips: Map<string, number>;
  differences: string[][];
}

const MODE_NAMES: Readonly<Record<number, string>> = {
  [0x10]: 'usr',
  [0x11]: 'fiq',
  [0x12]: 'irq',
  [0x13]: 'svc',
  [0x17]: 'abt',
  [0x1b]: 'und',
  [0x1f]: 'sys',
};
const VECTORS = ['reset', 'undefined', 'svc', 'prefetch abort', 'data abort', 'reserved', 'irq', 'fiq'];

class Campaign {
  readonly report: RandomReport;
  private oracle: Oracle;
  private readonly follower: Follower;
  private readonly rng: Rng;
  private readonly image = new Uint8Array(RAM_SIZE);
  private readonly theirRam = new Uint8Array(RAM_SIZE);
  private scenario: Scenario | undefined;
  private lines = false;
  /** Both machines are where the epilogue leaves them. */
  private settled = false;

  constructor(oracle: Oracle, follower: Follower, rng: Rng) {
    this.oracle = oracle;
    this.follower = follower;
    this.rng = rng;
    this.report = {
      steps: 0,
      setupSteps: 0,
      blocks: 0,
      ramComparisons: 0,
      blocksComplete: 0,
      restarts: 0,
      modes: new Map(),
      exceptions: new Map(),
      rows: follower.rows,
      skips: follower.skips,
      differences: [],
    };
  }

  get qemu(): Oracle {
    return this.oracle;
  }

  /** A new QEMU for one that has crashed, as 7.2 does when execution runs over the end of the address space. */
  async replaceOracle(): Promise<void> {
    await this.oracle.stop();
    this.oracle = await Oracle.start({ ramSize: RAM_SIZE });
    this.oracle.loadRam(0, this.ourRam());
    await this.oracle.client.setBreakpoint(EPILOGUE_END);
    this.report.restarts++;
    this.settled = false;
  }

  async prepare(): Promise<void> {
    fillData(this.image, this.rng);
    this.oracle.loadRam(0, this.image);
    this.setOurRam(this.image);
    await this.oracle.client.setBreakpoint(EPILOGUE_END);
  }

  async block(): Promise<void> {
    const { report, rng } = this;
    if (!this.settled) await this.reset();
    if (report.blocks % TABLES_EVERY === 0) fillTables(this.image, rng);
    const scenario = makeScenario(this.image, rng);
    this.scenario = scenario;
    report.blocks++;
    await this.send();
    await this.setLines(scenario);
    await this.start(PROLOGUE);
    let counted = 0;
    let setup = 0;
    let random = false;
    const alive = await this.follow((record) => {
      // A block whose code cannot be reached has left the prologue as well.
      random ||= record[PC] >= ARM_CODE || setup === SETUP_LIMIT;
      if (random) {
        counted++;
        this.tally(record);
      } else setup++;
      return counted >= BLOCK_STEPS;
    });
    report.steps += counted;
    report.setupSteps += setup;
    this.settled = alive && (await this.compareState()) && (await this.epilogue());
    if (this.settled) report.blocksComplete++;
  }

  /** Runs QEMU and follows it. Returns whether all records were equal. */
  private async follow(onEqual: (record: Uint32Array) => boolean): Promise<boolean> {
    const { oracle, follower } = this;
    let alive = true;
    await oracle.run(() => {
      if (!alive) return 'stop';
      const { record } = oracle;
      const result = follower.follow(record);
      if (result === 'equal') return onEqual(record) ? 'stop' : 'next';
      if (result === 'different') this.difference(follower.mismatch);
      alive = false;
      return 'stop';
    });
    return alive;
  }

  private tally(record: Uint32Array): void {
    const { modes, exceptions } = this.report;
    const cpsr = record[CPSR];
    const mode = `${MODE_NAMES[cpsr & 0x1f] ?? 'reserved'}${cpsr & 0x20 ? ' Thumb' : ''}`;
    modes.set(mode, (modes.get(mode) ?? 0) + 1);
    if (record[PC] < 0x20 && !(cpsr & 0x20)) {
      const vector = VECTORS[record[PC] >>> 2];
      exceptions.set(vector, (exceptions.get(vector) ?? 0) + 1);
    }
  }

  private difference(lines: string[]): void {
    const { scenario, report } = this;
    const where = `block ${report.blocks - 1}, SCTLR 0x${scenario?.sctlr.toString(16)}`;
    report.differences.push([where, ...lines]);
  }

  /** The registers after the last step, the shadow's state, and RAM. */
  private async compareState(): Promise<boolean> {
    const { oracle, follower } = this;
    const result = follower.follow(await oracle.client.readRegisters());
    if (result === 'different') this.difference(['At the end of the block:', ...follower.mismatch]);
    if (result !== 'equal') return false;
    const shadow = follower.shadowDifference();
    if (shadow) this.difference([`Single steps and long runs of the core differ: ${shadow}`]);
    oracle.readRam(this.theirRam);
    const ours = this.ourRam();
    if (Buffer.compare(ours, this.theirRam) !== 0) {
      const at = ours.findIndex((byte, i) => byte !== this.theirRam[i]) & ~3;
      const word = (ram: Uint8Array): string => Buffer.from(ram.subarray(at, at + 4)).toString('hex');
      this.difference([`RAM at 0x${at.toString(16)}: ours ${word(ours)}, QEMU ${word(this.theirRam)} (bytes)`]);
      return false;
    }
    this.report.ramComparisons++;
    return shadow === undefined;
  }

  /** Brings banked, status and system registers out, where the epilogue can be reached. */
  private async epilogue(): Promise<boolean> {
    const { follower, oracle } = this;
    const { fault, physicalAddress } = follower.machine.vcpu.translate(EPILOGUE);
    if (fault.privilegedRead || physicalAddress !== EPILOGUE) return false;
    // Random code may have written over it.
    const code = this.image.subarray(EPILOGUE - 4, EPILOGUE_LIMIT);
    await this.write(EPILOGUE - 4, code);
    if ((follower.machine.vcpu.readRegister(CPSR) & 0x1f) === MODE_USR) {
      // QEMU does not let a debugger leave User mode: an exception does, SVC or a prefetch abort.
      for (const vector of [0x08, 0x0c]) {
        const branch = 0xea00_0000 | ((EPILOGUE - vector - 8) >>> 2);
        await this.write(vector, Uint8Array.of(branch, branch >>> 8, branch >>> 16, branch >>> 24));
      }
      await this.start(EPILOGUE - 4, (RESET_CPSR & ~0x1f) | MODE_USR);
    } else await this.start(EPILOGUE);
    let setup = 0;
    const alive = await this.follow(() => ++setup > SETUP_LIMIT);
    this.report.setupSteps += setup;
    if (!alive) return false;
    const registers = await oracle.client.readRegisters();
    const result = follower.follow(registers);
    if (result === 'different') this.difference(['At the end of the epilogue:', ...follower.mismatch]);
    return result === 'equal' && registers[PC] === EPILOGUE_END;
  }

  private async start(pc: number, cpsr = RESET_CPSR): Promise<void> {
    const { oracle, follower } = this;
    await oracle.client.writeRegister(CPSR, cpsr);
    await oracle.client.writeRegister(PC, pc);
    follower.writeRegister(REGISTER.cpsr, cpsr);
    follower.writeRegister(REGISTER.pc, pc);
    follower.restart();
  }

  /** After a block that could not be followed to its end: both machines at reset, with QEMU's memory. */
  private async reset(): Promise<void> {
    const { oracle, follower } = this;
    await oracle.reset();
    follower.reset();
    oracle.readRam(this.theirRam);
    this.setOurRam(this.theirRam);
    const registers = await oracle.client.readRegisters();
    for (let i = 0; i < 16; i++) if (registers[i] !== 0) throw new Error('QEMU did not reset its processor.');
  }

  private async setLines({ irq, fiq }: Scenario): Promise<void> {
    const { client } = this.oracle;
    this.follower.irq = irq;
    this.follower.fiq = fiq;
    if (!irq && !fiq && !this.lines) return;
    const sources = (irq ? IRQ_SOURCE : 0) | (fiq ? FIQ_SOURCE : 0);
    await client.writeWord(VIC_SOFT + 4, 0xffff_ffff);
    await client.writeWord(VIC_SELECT, FIQ_SOURCE);
    await client.writeWord(VIC_ENABLE, IRQ_SOURCE | FIQ_SOURCE);
    await client.writeWord(VIC_SOFT, sources);
    // Once used they are always set: a reset of the board does not bring them down.
    this.lines = true;
  }

  private ourRam(): Uint8Array {
    return this.follower.machine.ram(0, RAM_SIZE) ?? new Uint8Array();
  }

  private setOurRam(bytes: Uint8Array): void {
    this.image.set(bytes);
    this.follower.writeRam(0, bytes);
  }

  /** Sends what the image changes, to QEMU and to our machines. */
  private async send(): Promise<void> {
    const ours = this.ourRam();
    const { image } = this;
    let at = 0;
    while (at < ARM_CODE + 0x1000) {
      if (image[at] === ours[at]) {
        at++;
        continue;
      }
      let end = at + 1;
      for (let next = end; next < Math.min(end + GAP, at + SEND_LIMIT); next++)
        if (image[next] !== ours[next]) end = next + 1;
      await this.write(at, image.subarray(at, end));
      at = end;
    }
  }

  private async write(address: number, bytes: Uint8Array): Promise<void> {
    await this.oracle.client.writeMemory(address, bytes);
    this.follower.writeRam(address, bytes);
  }

  /** The image starts from what the last block left. */
  adoptRam(): void {
    this.image.set(this.ourRam());
  }
}

/** Runs blocks until enough steps of random code have been compared. */
export async function randomCampaign(options: RandomOptions): Promise<RandomReport> {
  const slots = [{ base: 0, size: RAM_SIZE }];
  const follower = new Follower(await NativeMachine.create(slots), await NativeMachine.create(slots), new Map());
  const campaign = new Campaign(await Oracle.start({ ramSize: RAM_SIZE }), follower, new Rng(options.seed));
  try {
    await campaign.prepare();
    const { report } = campaign;
    while (report.steps < options.steps && report.differences.length < (options.maxDifferences ?? 1)) {
      try {
        await campaign.block();
      } catch (error) {
        if (!campaign.qemu.crashed) throw error;
        await campaign.replaceOracle();
      }
      campaign.adoptRam();
      options.progress?.(report.steps);
    }
    return report;
  } finally {
    await campaign.qemu.stop();
  }
}
