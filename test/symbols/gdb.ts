/** gdb-multiarch as an oracle: runs a Python script inside it on one file and gives what it prints. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether gdb-multiarch is there and can run Python. */
export function hasGdb(): boolean {
  const { status, stdout } = spawnSync('gdb-multiarch', ['-nx', '-batch', '-ex', 'python print(6 * 7)'], { encoding: 'utf8' });
  return status === 0 && stdout.trim() === '42';
}

/** What a Python script prints in gdb with a file loaded. Throws when gdb fails. */
export function runGdb(file: string, script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gdb-oracle-'));
  try {
    const path = join(folder, 'script.py');
    writeFileSync(path, script);
    const { status, stdout, stderr } = spawnSync('gdb-multiarch', ['-nx', '-batch', file, '-x', path], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0 || stderr.includes('Traceback')) throw new Error(`gdb-multiarch failed on ${file}: ${stderr}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Python that defines `layout(type)`: lines of offset in bits, size in bits, bit field width, name, type name. */
export const LAYOUT_SCRIPT = `
import gdb, json
def layout(t):
    rows = []
    for f in t.fields():
        if not hasattr(f, 'bitpos'): continue
        size = f.bitsize if f.bitsize else f.type.strip_typedefs().sizeof * 8
        rows.append([f.bitpos, size, f.bitsize, f.name or '', str(f.type.strip_typedefs().code == gdb.TYPE_CODE_PTR)])
    return [t.sizeof, rows]
`;
