/** The Linux kernel with debug information that `npm run guest:linux` leaves, and samples of what is in it. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DebugInfo } from '../../symbols/debug-info.ts';
import { rangesOf } from '../../symbols/dwarf/ranges.ts';
import { KIND } from '../../symbols/dwarf/unit-names.ts';
import type { NamedType } from './oracles.ts';

export const VMLINUX = fileURLToPath(new URL('../../guests/linux/build/out/vmlinux', import.meta.url));

export const hasVmlinux = (): boolean => existsSync(VMLINUX);

export const openVmlinux = (): DebugInfo => DebugInfo.open(new Uint8Array(readFileSync(VMLINUX)), { name: 'vmlinux' });

/** Every `step`th of some items. */
export const everyNth = <T>(items: readonly T[], step: number): T[] => items.filter((_, i) => i % step === 0);

const NAMESPACES: Readonly<Record<number, NamedType['namespace']>> = {
  [KIND.struct]: 'struct',
  [KIND.union]: 'union',
  [KIND.enumeration]: 'enum',
  [KIND.typedef]: 'typedef',
};

/**
 * Named types, each name once. Names that stand for different types in different units are left out: which of them a
 * debugger finds first is its own affair.
 */
export function namedTypes(info: DebugInfo): NamedType[] {
  const found = new Map<string, NamedType & { near: number | undefined; size: number | undefined; same: boolean }>();
  for (const unit of info.units.units) {
    const near = rangesOf(unit.root)[0]?.start;
    for (const { kind, die, isDeclaration } of info.declaredIn(unit)) {
      const namespace = NAMESPACES[kind];
      const { name } = die;
      if (!namespace || name === undefined || isDeclaration) continue;
      const key = `${namespace} ${name}`;
      const { size } = info.typeOfEntry(die);
      const known = found.get(key);
      if (known) {
        known.same &&= known.size === size;
        known.near ??= near;
      } else found.set(key, { namespace, name, near, size, same: true });
    }
  }
  return [...found.values()].filter(({ same }) => same);
}
