// What `npm run guest:linux -- --patched` does besides building: the rewrite of the sources, and the proofs that the
// kernel from patched sources is the unpatched one patched as an ELF file. Everything is done by the trapline command.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const CLI = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'cli.js');

/** Runs a command; its output is shown, or captured. Throws when it fails. */
function run(command, args, { capture = false } = {}) {
  const stdio = capture ? 'pipe' : 'inherit';
  const { status, stdout, stderr, error } = spawnSync(command, args, { stdio, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status === 0) return stdout;
  const reason = error ? `: ${error.message}` : ` with ${status}`;
  throw new Error(`${command} ${args.join(' ')} failed${reason}\n${stderr ?? ''}`);
}

const trapline = (args, options) => run(process.execPath, [CLI, ...args], options);

function say(text) {
  console.log(`\n== ${text}`);
}

/** A copy of a source tree whose files are links: they become files of their own where they are rewritten. */
function linkTree(tree, copy) {
  rmSync(copy, { recursive: true, force: true });
  run('cp', ['-al', tree, copy]);
}

/** Patches a copy of the kernel's tree and of the guest's modules; returns where they are. */
export function patchSources(tree, modules, work) {
  const patched = { tree: `${tree}-patched`, modules: join(work, 'modules-patched') };
  say(`trapline patch ${patched.tree}`);
  linkTree(tree, patched.tree);
  trapline(['patch', patched.tree]);
  rmSync(patched.modules, { recursive: true, force: true });
  cpSync(modules, patched.modules, { recursive: true });
  trapline(['patch', patched.modules]);
  return patched;
}

/** Proves that a second run would change nothing, and that the rewrite can be taken back. Throws when not. */
export function checkPatchedTree(tree, patched) {
  say('A second run changes nothing; --restore gives the tree back');
  const diff = trapline(['patch', '--diff', patched], { capture: true });
  if (diff !== '') throw new Error(`a second run of trapline patch would change ${patched}:\n${diff.slice(0, 2000)}`);
  const restored = `${tree}-restored`;
  linkTree(patched, restored);
  trapline(['patch', '--restore', restored]);
  run('diff', ['-rq', tree, restored]);
  rmSync(restored, { recursive: true });
}

/** Statistics of a run, without what depends on this machine. */
function statisticsOf(args, folder) {
  const file = join(folder, 'statistics.json');
  trapline(['run', ...args, '--timeout', '600', '--stats', file], { capture: true });
  const statistics = JSON.parse(readFileSync(file, 'utf8'));
  for (const key of ['guest', 'seconds', 'mips']) delete statistics[key];
  return statistics;
}

/** Keys of two objects that have different values. */
const differing = (a, b) => Object.keys({ ...a, ...b }).filter((key) => !isDeepStrictEqual(a[key], b[key]));

/** Proves that a patched build is what the ELF way makes of the plain one, and that it boots alike. Throws when not. */
export function checkPatchedKernel(plain, patched, config) {
  say('trapline verify --against: sections, words and traps of both ways');
  trapline(['verify', join(patched, 'vmlinux'), '--against', join(plain, 'vmlinux')]);
  const modules = existsSync(join(patched, 'modules')) ? readdirSync(join(patched, 'modules')) : [];
  const folder = mkdtempSync(join(tmpdir(), 'trapline-linux-'));
  try {
    for (const name of modules) {
      const [own, other] = [patched, plain].map((out) => join(out, 'modules', name));
      trapline(['verify', own, '--against', other]);
      trapline(['patch', other, '-o', join(folder, name)]);
      const same = readFileSync(own).equals(readFileSync(join(folder, name)));
      console.log(`${name}: from patched sources and patched as ELF: ${same ? 'the same file' : 'different files'}`);
    }
    compareBoots(plain, patched, folder);
    const session = SESSIONS[config];
    if (session) runSession(patched, session);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Boots both ways; the RAM disk is the patched one, whose modules run under the hypervisor. */
function compareBoots(plain, patched, folder) {
  say('Boots under the hypervisor: from patched sources with nothing replaced, and patched while it is loaded');
  const until = ['--until', 'GUEST-BOOT-OK'];
  const initrd = ['--initrd', join(patched, 'initramfs.cpio.gz')];
  const fromSources = statisticsOf([patched, '--patch', 'off', ...until], folder);
  const fromElf = statisticsOf([plain, ...initrd, ...until], folder);
  const different = differing(fromSources, fromElf);
  if (different.length > 0) throw new Error(`the boots differ in ${different.join(', ')}`);
  const { console: text, exits, instructions } = fromSources;
  console.log(
    `equal: ${instructions} instructions, ${exits.total} exits, by cause and by site; ${text.length} characters`,
  );
}

/** What is typed at the shell of a configuration, and what the console must show. */
const SESSIONS = {
  tracing: {
    input: [
      'insmod /modules/sensitive.ko; lsmod',
      'cd /sys/module/sensitive/parameters; echo 41 > answer; cat answer',
      'mount -t tracefs tracefs /sys/kernel/tracing; cd /sys/kernel/tracing',
      "echo 'p:hit sensitive_step value=%r0' > kprobe_events; echo 'r:back sensitive_step got=$retval' >> kprobe_events",
      'echo 1 > events/kprobes/enable; echo 0x100 > /sys/module/sensitive/parameters/answer; cat trace; cat kprobe_profile',
      'echo 0 > events/kprobes/enable; echo > kprobe_events',
      'echo vfs_read > set_ftrace_filter; echo function > current_tracer; cat /proc/version',
      'echo 0 > tracing_on; grep vfs_read trace | tail -1; echo > set_ftrace_filter; echo 64 > buffer_size_kb',
      'echo function_graph > current_tracer; echo 1 > tracing_on; cat /proc/version; echo 0 > tracing_on; grep -c " us " trace',
      'echo nop > current_tracer; cd /; rmmod sensitive; echo SESSION-$((6 * 7))',
    ],
    shows: [
      /sensitive: mode 13, interrupts on, masked off, again on/,
      /^sensitive \d+ 0 - Live 0x[0-9a-f]+|^sensitive +\d+ +0/m,
      /^42\r?$/m,
      /hit: \(sensitive_step\+0x0\/0x[0-9a-f]+ \[sensitive\]\) value=0x100/,
      /back: \(set_answer\+0x[0-9a-f]+\/0x[0-9a-f]+ \[sensitive\] <- sensitive_step\) got=0x101/,
      /^ +hit +1 +0\r?$/m,
      /vfs_read <-ksys_read/,
      /^[1-9]\d{2,}\r?$/m,
      /sensitive: gone, answer 258/,
    ],
  },
};

function runSession(guest, { input, shows }) {
  say('A session at the shell');
  const args = ['run', guest, '--patch', 'off', '--until', '^SESSION-42', '--timeout', '600'];
  const console_ = trapline([...args, '--input', `${input.join('\\n')}\\n`], { capture: true });
  console.log(console_.slice(console_.indexOf('GUEST-BOOT-OK')));
  for (const pattern of shows) if (!pattern.test(console_)) throw new Error(`the console does not show ${pattern}`);
}
