/** Paths of source files as compilers write them: with either slash, relative to a directory, with dots in them. */

const isAbsolute = (path: string): boolean => /^([/\\]|[A-Za-z]:[/\\])/.test(path);

/** A path relative to a directory, without `.` and `..` parts where they can be resolved. */
export function joinPath(directory: string, path: string): string {
  return tidy(isAbsolute(path) || directory === '' ? path : `${directory}/${path}`);
}

/** Resolves `.` and `..` parts and repeated slashes; backslashes become slashes. */
function tidy(path: string): string {
  if (!/(^|[/\\])\.{0,2}([/\\]|$)|\\/.test(path.slice(1))) return path;
  const slashes = path.replaceAll('\\', '/');
  const root = slashes.startsWith('/') ? '/' : '';
  const parts: string[] = [];
  for (const part of slashes.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || root === '') parts.push(part);
  }
  return root + parts.join('/');
}

/** Whether two paths can be the same file: one ends in all parts of the other. Letter case counts. */
export function samePath(a: string, b: string): boolean {
  const [long, short] = a.length >= b.length ? [tidy(a), tidy(b)] : [tidy(b), tidy(a)];
  if (!long.endsWith(short)) return false;
  return long.length === short.length || short.startsWith('/') || long[long.length - short.length - 1] === '/';
}

/** The part of a path after its last slash. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
