/** What is mounted, as /proc/mounts lists it: device, place, type, read-only or not. */
import { InputError } from '../../../formats/input-error.ts';
import type { KernelMemory } from '../kernel-memory.ts';

const LONGEST_NAME = 256;
/** Directories nest no deeper; what does is taken for damage. */
const DEEPEST = 256;
const MOST_MOUNTS = 4096;
/** MNT_READONLY of a mount, SB_RDONLY of a file system. */
const MOUNT_READ_ONLY = 0x40;
const FILE_SYSTEM_READ_ONLY = 1;

/** The mounts of the first task's name space, a line each. */
export function mounts(kernel: KernelMemory, initTask: number): string {
  const proxy = kernel.member(initTask, 'task_struct', 'nsproxy');
  const space = proxy === 0 ? 0 : kernel.member(proxy, 'nsproxy', 'mnt_ns');
  if (space === 0) throw new InputError('nothing is mounted yet');
  return mountsIn(kernel, space)
    .map((mount) => line(kernel, mount))
    .join('\n');
}

function mountsIn(kernel: KernelMemory, space: number): number[] {
  if (kernel.has('mnt_namespace', 'list')) {
    const head = space + kernel.offset('mnt_namespace', 'list');
    return [...kernel.list(head, kernel.offset('mount', 'mnt_list'))].filter((mount) => !isCursor(kernel, mount));
  }
  // Since 6.8 they are in a tree.
  const root = kernel.member(space, 'mnt_namespace', 'mounts.rb_node');
  return tree(kernel, root, kernel.offset('mount', 'mnt_node'));
}

/** A reader of /proc/mounts leaves a mark in the list (5.8 to 6.7), which has no file system. */
function isCursor(kernel: KernelMemory, mount: number): boolean {
  return kernel.member(mount, 'mount', 'mnt.mnt_sb') === 0;
}

/** The nodes of a red-black tree in order, less the offset of the member that links them. */
function tree(kernel: KernelMemory, root: number, offset: number): number[] {
  const found: number[] = [];
  const above: number[] = [];
  let node = root;
  for (let i = 0; node !== 0 || above.length > 0; i++) {
    if (i > 2 * MOST_MOUNTS) throw new InputError('the tree of mounts has no end');
    if (node !== 0) {
      above.push(node);
      node = kernel.member(node, 'rb_node', 'rb_left');
    } else {
      const next = above.pop() ?? 0;
      found.push((next - offset) >>> 0);
      node = kernel.member(next, 'rb_node', 'rb_right');
    }
  }
  return found;
}

function line(kernel: KernelMemory, mount: number): string {
  const block = kernel.member(mount, 'mount', 'mnt.mnt_sb');
  const device = kernel.member(mount, 'mount', 'mnt_devname');
  const type = kernel.member(block, 'super_block', 's_type');
  const typeName = kernel.text(kernel.member(type, 'file_system_type', 'name'), LONGEST_NAME);
  const flags = kernel.member(mount, 'mount', 'mnt.mnt_flags');
  const blockFlags = kernel.member(block, 'super_block', 's_flags');
  const isReadOnly = (flags & MOUNT_READ_ONLY) !== 0 || (blockFlags & FILE_SYSTEM_READ_ONLY) !== 0;
  const name = device === 0 ? 'none' : kernel.text(device, LONGEST_NAME);
  return `${name} ${placeOf(kernel, mount)} ${typeName} ${isReadOnly ? 'ro' : 'rw'}`;
}

/** The path where something is mounted: up to the root of what it is in, and on from there. */
function placeOf(kernel: KernelMemory, mount: number): string {
  const names: string[] = [];
  let at = mount;
  let entry = kernel.member(at, 'mount', 'mnt_mountpoint');
  let parent = kernel.member(at, 'mount', 'mnt_parent');
  for (let depth = 0; parent !== at; depth++) {
    if (depth === DEEPEST) throw new InputError('a path has no end');
    const root = kernel.member(parent, 'mount', 'mnt.mnt_root');
    if (entry !== root) {
      const above = kernel.member(entry, 'dentry', 'd_parent');
      names.unshift(kernel.text(kernel.member(entry, 'dentry', 'd_name.name'), LONGEST_NAME));
      if (above === entry) throw new InputError('a directory is outside of its mount');
      entry = above;
      continue;
    }
    at = parent;
    entry = kernel.member(at, 'mount', 'mnt_mountpoint');
    parent = kernel.member(at, 'mount', 'mnt_parent');
  }
  return `/${names.join('/')}`;
}
