/** gdb-multiarch as an oracle: runs a Python script inside it on one file and gives what it prints. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether gdb-multiarch is there and can run Python. */
export function hasGdb(): boolean {
  const { status, stdout } = spawnSync('gdb-multiarch', ['-nx', '-batch', '-ex', 'python print(6 * 7)'], {
    encoding: 'utf8',
  });
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
