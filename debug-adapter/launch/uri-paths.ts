/** Paths that are URIs, for hosts whose files are not on a disk: `scheme://authority/path`, without percent encoding. */

interface Split {
  /** Scheme and authority, `scheme://authority`. */
  readonly root: string;
  readonly parts: string[];
}

function split(uri: string): Split {
  const [, root, path] = /^([A-Za-z][\w+.-]*:\/\/[^/]*)?([^]*)$/.exec(uri) as unknown as [string, string?, string?];
  return { root: root ?? '', parts: (path ?? '').split('/').filter(Boolean) };
}

const joined = ({ root, parts }: Split): string => `${root}/${parts.join('/')}`;

/** `path` as seen from `folder`: a URI is kept, an absolute path is one of the folder's authority. `.` and `..` are resolved. */
export function resolveUri(folder: string, path: string): string {
  const given = split(path);
  const base = split(folder);
  const start = given.root !== '' || path.startsWith('/') ? [] : base.parts;
  const parts = [...start];
  for (const part of given.parts) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return joined({ root: given.root || base.root, parts });
}

/** The folder that a URI is in; the root is in itself. */
export function parentUri(uri: string): string {
  const { root, parts } = split(uri);
  return joined({ root, parts: parts.slice(0, -1) });
}
