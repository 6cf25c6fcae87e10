/** How attribute values are stored (7.5.5): their sizes, and reading past them. */
import type { ByteReader } from '../byte-reader.ts';
import { FORM } from './constants.ts';

/** What the size of a form depends on. */
export interface UnitFormat {
  readonly version: number;
  /** 4, or 8 in the 64-bit format. */
  readonly offsetSize: number;
  readonly addressSize: number;
}

/** The size of a form when every value has the same; -1 when not. */
export function fixedFormSize(form: number, { version, offsetSize, addressSize }: UnitFormat): number {
  switch (form) {
    case FORM.flagPresent:
    case FORM.implicitConst:
      return 0;
    case FORM.data1:
    case FORM.ref1:
    case FORM.flag:
    case FORM.strx1:
    case FORM.addrx1:
      return 1;
    case FORM.data2:
    case FORM.ref2:
    case FORM.strx2:
    case FORM.addrx2:
      return 2;
    case FORM.strx3:
    case FORM.addrx3:
      return 3;
    case FORM.data4:
    case FORM.ref4:
    case FORM.refSup4:
    case FORM.strx4:
    case FORM.addrx4:
      return 4;
    case FORM.data8:
    case FORM.ref8:
    case FORM.refSup8:
    case FORM.refSig8:
      return 8;
    case FORM.data16:
      return 16;
    case FORM.addr:
      return addressSize;
    case FORM.refAddr:
      return version < 3 ? addressSize : offsetSize;
    case FORM.strp:
    case FORM.lineStrp:
    case FORM.secOffset:
    case FORM.strpSup:
    case FORM.gnuRefAlt:
    case FORM.gnuStrpAlt:
      return offsetSize;
    default:
      return -1;
  }
}

/** Reads past a value. */
export function skipForm(form: number, reader: ByteReader, format: UnitFormat): void {
  const size = fixedFormSize(form, format);
  if (size >= 0) {
    reader.skip(size);
    return;
  }
  switch (form) {
    case FORM.sdata:
    case FORM.udata:
    case FORM.refUdata:
    case FORM.strx:
    case FORM.addrx:
    case FORM.loclistx:
    case FORM.rnglistx:
    case FORM.gnuAddrIndex:
    case FORM.gnuStrIndex:
      reader.skipLeb();
      break;
    case FORM.string:
      reader.skipString();
      break;
    case FORM.indirect:
      skipForm(directForm(reader), reader, format);
      break;
    default:
      reader.skip(blockLength(form, reader));
  }
}

/** The form that DW_FORM_indirect stands for. */
export function directForm(reader: ByteReader): number {
  const form = reader.uleb();
  if (form === FORM.indirect || form === FORM.implicitConst) reader.fail('an indirect form that names none');
  return form;
}

/** Reads the length of a block; the reader is then at its first byte. */
export function blockLength(form: number, reader: ByteReader): number {
  switch (form) {
    case FORM.block1:
      return reader.u8();
    case FORM.block2:
      return reader.u16();
    case FORM.block4:
      return reader.u32();
    case FORM.block:
    case FORM.exprloc:
      return reader.uleb();
    default:
      return reader.fail(`attribute form 0x${form.toString(16)} is not known`);
  }
}

/** An offset into another section: 4 or 8 bytes, as a number. */
export function readOffset(reader: ByteReader, offsetSize: number): number {
  return offsetSize === 8 ? Number(reader.u64()) : reader.u32();
}

/** The length of a unit, table or list, and the size of offsets that it implies (7.4). */
export function initialLength(reader: ByteReader): { length: number; offsetSize: number } {
  const length = reader.u32();
  if (length < 0xffff_fff0) return { length, offsetSize: 4 };
  if (length !== 0xffff_ffff) reader.fail(`a length of 0x${length.toString(16)}, which is reserved`);
  return { length: Number(reader.u64()), offsetSize: 8 };
}
