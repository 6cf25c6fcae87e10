/** URIs of documents and the paths by which the linter knows them. */

/** What marks the path of a document that is not a file: scheme and authority follow. */
const FOREIGN = '/@';

/**
 * The path of a URI: that of the file, with a drive letter first where there is one; for other schemes a path under
 * `/@scheme/authority`, so that includes beside the document are found by the same rules. A string that is no URI is a path.
 */
export function pathOfUri(uri: string): string {
  const match = /^([A-Za-z][A-Za-z0-9+.-]+):(?:\/\/([^/?#]*))?([^?#]*)/.exec(uri);
  if (!match) return uri;
  const [, scheme, authority = '', encoded] = match as unknown as [string, string, string | undefined, string];
  const path = decode(encoded);
  if (scheme.toLowerCase() !== 'file') {
    return `${FOREIGN}${scheme}/${decode(authority)}${path.startsWith('/') ? '' : '/'}${path}`;
  }
  return /^\/[A-Za-z]:/.test(path) ? path[1].toLowerCase() + path.slice(2) : path;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // A lone % is a character of the name, as clients that do not encode write it.
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Halves of surrogate pairs, which no URI can hold. */
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The URI of a path, the reverse of `pathOfUri`. */
export function uriOfPath(path: string): string {
  const encode = (text: string): string => encodeURIComponent(text.replace(LONE, '\ufffd')).replace(/%2F/g, '/');
  if (path.startsWith(FOREIGN)) {
    const [, scheme, authority, rest] = /^\/@([^/]*)\/([^/]*)([^]*)$/.exec(path) ?? ['', 'file', '', path];
    return authority === '' && scheme === 'untitled'
      ? `${scheme}:${encode(rest.slice(1))}`
      : `${scheme}://${encode(authority)}${encode(rest)}`;
  }
  return `file://${path.startsWith('/') ? '' : '/'}${encode(path)}`;
}
