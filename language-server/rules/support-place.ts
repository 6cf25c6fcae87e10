/** Where a source tree gets the support file of computed traps, and the line of the Makefile that includes it. */
import { folderOf, joinPath } from '../parse/preprocessor/preprocess.ts';
import { MAKEFILE_MARK, SUPPORT_FILE, supportFile } from './support-file.ts';

/** Files as the caller knows them. */
export interface TextFiles {
  /** Whether there is a file or a folder. */
  readonly exists: (path: string) => boolean;
  /** The text of a file; undefined when there is none. */
  readText(path: string): string | undefined;
}

/** Where the assembler support of a folder goes. */
export interface SupportPlace {
  readonly header: string;
  /** The Makefile that gets a line; undefined outside a kernel. */
  readonly makefile: string | undefined;
  readonly makefileLine: string;
  /** Folder that the support serves. */
  readonly folder: string;
}

/** A file that the support needs, as it is and as it becomes. */
export interface SupportChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string;
}

/** The nearest arch/arm Makefile at or above a folder decides; without one the file goes into the folder. */
export function supportPlace(folder: string, files: TextFiles): SupportPlace {
  for (let at = folder; ; at = folderOf(at)) {
    const arm = at.endsWith('/arch/arm') ? at : joinPath(at, 'arch/arm');
    if (files.exists(`${arm}/Makefile`)) return kernelPlace(arm, files);
    if (folderOf(at) === at) break;
  }
  const header = joinPath(folder, SUPPORT_FILE);
  return { header, makefile: undefined, makefileLine: '', folder };
}

function kernelPlace(arm: string, files: TextFiles): SupportPlace {
  const root = folderOf(folderOf(arm));
  // Before 2.6.28 the headers were in include/asm-arm.
  const old = !files.exists(`${arm}/include`) && files.exists(`${root}/include/asm-arm`);
  const folder = old ? 'include/asm-arm' : 'arch/arm/include/asm';
  const isOldKbuild = files.readText(`${root}/Makefile`)?.includes('KBUILD_CPPFLAGS') === false;
  // Kbuild tries options of the compiler with these flags and nothing else: the assembler must find the file then, too.
  const flags = `-include $(srctree)/${folder}/${SUPPORT_FILE} -Wa,-I$(srctree)/${folder}`;
  return {
    header: joinPath(root, `${folder}/${SUPPORT_FILE}`),
    makefile: `${arm}/Makefile`,
    makefileLine: `${isOldKbuild ? '' : 'KBUILD_'}CPPFLAGS += ${flags} ${MAKEFILE_MARK}\n`,
    folder: arm,
  };
}

/** A file without a newline at its end stays one, so that the line can be taken away again without a trace. */
function withMakefileLine(text: string, line: string): string {
  if (text.includes(MAKEFILE_MARK)) return text;
  return text === '' || text.endsWith('\n') ? text + line : `${text}\n${line.trimEnd()}`;
}

/** The changes that bring the support into a tree; files that have it already are as they become. */
export function supportChanges(place: SupportPlace, files: TextFiles): readonly SupportChange[] {
  const { header, makefile, makefileLine } = place;
  const changes: SupportChange[] = [{ path: header, before: files.readText(header), after: supportFile() }];
  if (makefile !== undefined) {
    const before = files.readText(makefile) ?? '';
    changes.push({ path: makefile, before, after: withMakefileLine(before, makefileLine) });
  }
  return changes;
}
