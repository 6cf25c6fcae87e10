/** gdb-multiarch as a long-lived oracle: one process, attached to a machine through our GDB stub, asked again and again. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A variable as gdb prints it in a frame. */
export interface GdbVariable {
  readonly name: string;
  /** Its value, or what gdb says instead. */
  readonly text: string;
}

/** One level of gdb's backtrace. */
export interface GdbFrame {
  readonly name: string;
  readonly pc: number;
  readonly sp: number;
  /**
   * `inlined`: into the next frame of the list. `tailcall`: a function that has left by a jump, which gdb infers from
   * the call sites. `signal`: the frame of an exception.
   */
  readonly kind: 'normal' | 'inlined' | 'tailcall' | 'signal' | 'other';
  /** The stack address of gdb's frame id: the canonical frame address where there is call frame information. */
  readonly stack: number;
  /** By block, innermost first; only of the frames that were asked for. */
  readonly blocks?: readonly (readonly GdbVariable[])[];
}

/** What gdb says of the machine where it stands. */
export interface GdbStop {
  readonly frames: readonly GdbFrame[];
  /** Words that were asked for by address; null where gdb cannot read. */
  readonly words: readonly (number | null)[];
}

const ANSWER = '@answer ';
const LONGEST_ANSWER_MS = 60_000;

const SCRIPT = `
import gdb, json, re, sys
for setting in ['pagination off', 'confirm off', 'backtrace past-main on', 'backtrace past-entry on',
                'print max-depth 9', 'print elements 200', 'print entry-values no', 'width 0', 'stack-cache off',
                'code-cache off', 'remotetimeout 60']:
    gdb.execute('set ' + setting)
gdb.execute('target remote 127.0.0.1:PORT', to_string=True)

KINDS = {gdb.NORMAL_FRAME: 'normal', gdb.INLINE_FRAME: 'inlined', gdb.TAILCALL_FRAME: 'tailcall',
         gdb.SIGTRAMP_FRAME: 'signal'}

def text_of(symbol, frame):
    try:
        return symbol.value(frame).format_string()
    except (gdb.error, gdb.MemoryError) as e:
        return '<error: %s>' % e

def is_value(symbol):
    # Labels are symbols of blocks, too, and so are the constants of an enumeration.
    if str(symbol.type) == '__CORE_ADDR': return False
    if symbol.is_constant and symbol.type.code == gdb.TYPE_CODE_ENUM:
        return all(field.name != symbol.name for field in symbol.type.fields())
    return symbol.is_argument or symbol.is_variable or symbol.is_constant

def blocks_of(frame):
    rows = []
    try:
        block = frame.block()
    except RuntimeError:
        return rows
    while block and not block.is_static and not block.is_global:
        rows.append([{'name': s.name, 'text': text_of(s, frame)} for s in block if is_value(s)])
        if block.function: break
        block = block.superblock
    return rows

def frames_of(limit, detailed):
    rows = []
    frame = gdb.newest_frame()
    while frame is not None and len(rows) < limit:
        found = re.match(r'\\{stack=(0x[0-9a-f]+)', str(frame))
        row = {'name': frame.name() or '', 'pc': frame.pc(), 'kind': KINDS.get(frame.type(), 'other'),
               'sp': int(frame.read_register('sp').cast(gdb.lookup_type('unsigned int'))),
               'stack': int(found.group(1), 16) if found else -1}
        if len(rows) < detailed: row['blocks'] = blocks_of(frame)
        rows.append(row)
        try:
            frame = frame.older()
        except gdb.error:
            break
    return rows

def word(address):
    try:
        return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 4)), sys.byteorder)
    except gdb.MemoryError:
        return None

for line in sys.stdin:
    request = json.loads(line)
    gdb.execute('maintenance flush register-cache', to_string=True)
    gdb.execute('maintenance flush dcache', to_string=True)
    answer = {'frames': frames_of(request['limit'], request['detailed']),
              'words': [word(a) for a in request['words']]}
    print('@answer ' + json.dumps(answer), flush=True)
`;

/** A gdb that stays attached while the machine is moved under it. */
export class GdbSession {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly folder: string;
  private readonly waiting: { resolve: (answer: GdbStop) => void; reject: (error: Error) => void }[] = [];
  private output = '';

  /** Starts gdb on a file with debug information, attached to the stub on a port of this machine. */
  constructor(file: string, port: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'gdb-live-'));
    const script = join(this.folder, 'script.py');
    writeFileSync(script, SCRIPT.replace('PORT', String(port)));
    this.child = spawn('gdb-multiarch', ['-nx', '-batch', file, '-x', script], {
      // Characters beyond ASCII as octal numbers, whatever the terminal can show.
      env: { ...process.env, LC_ALL: 'C' },
    });
    this.child.stderr.on('data', (data: Buffer) => (this.output += data.toString()));
    createInterface(this.child.stdout).on('line', (line) => {
      if (line.startsWith(ANSWER)) this.waiting.shift()?.resolve(JSON.parse(line.slice(ANSWER.length)) as GdbStop);
      else this.output += `${line}\n`;
    });
    this.child.on('close', () => this.fail('has ended'));
  }

  /** The stack of the machine as it stands, with the variables of the innermost `detailed` frames. */
  async stop(limit: number, detailed: number, words: readonly number[] = []): Promise<GdbStop> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), LONGEST_ANSWER_MS);
    const answer = new Promise<GdbStop>((resolve, reject) => this.waiting.push({ resolve, reject }));
    this.child.stdin.write(`${JSON.stringify({ limit, detailed, words })}\n`);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends gdb at once: one that detaches would let the guest run. */
  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const closed = once(this.child, 'close');
      this.child.kill('SIGKILL');
      await closed;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private fail(what: string): void {
    for (const { reject } of this.waiting.splice(0)) reject(new Error(`gdb-multiarch ${what}: ${this.output}`));
  }
}
