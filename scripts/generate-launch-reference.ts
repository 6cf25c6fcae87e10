/**
 * `npm run docs:launch`: writes docs/launch.md, the reference of launch.json, from package.json. A test compares the two.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const LAUNCH_REFERENCE = join(ROOT, 'docs/launch.md');

interface Attribute {
  type: string | string[];
  description: string;
  default?: unknown;
  enum?: string[];
  enumDescriptions?: string[];
  items?: { type?: string; enum?: string[] };
  minimum?: number;
  maximum?: number;
}

interface Request {
  properties: Record<string, Attribute>;
}

interface Snippet {
  label: string;
  description: string;
  body: object;
}

interface Manifest {
  contributes: {
    debuggers: { type: string; configurationAttributes: Record<string, Request>; configurationSnippets: Snippet[] }[];
    configuration: { properties: Record<string, Partial<Attribute> & { markdownDescription?: string }> };
  };
}

/** A cell of a table: a bar would end it. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

function typeOf({ type, items }: Partial<Attribute>): string {
  const names = (Array.isArray(type) ? type : [type ?? 'any']).map((name) =>
    name === 'array' && items?.type !== undefined ? `list of ${items.type}s` : name,
  );
  return names.join(' or ');
}

function valuesOf({ enum: values, enumDescriptions = [], items }: Attribute): string[] {
  const lines = (values ?? []).map((value, i) => `  - ${code(value)}: ${enumDescriptions[i] ?? 'no description'}`);
  const inside = items?.enum ? [`  - of ${items.enum.map(code).join(', ')}`] : [];
  return [...lines, ...inside];
}

function attribute([name, it]: [string, Attribute]): string {
  const limits = it.minimum !== undefined && it.maximum !== undefined ? `, ${it.minimum} to ${it.maximum}` : '';
  const standard = it.default === undefined ? '' : `; default ${code(it.default)}`;
  return [`- **\`${name}\`** (${typeOf(it)}${limits}${standard}). ${it.description}`, ...valuesOf(it)].join('\n');
}

/** Snippets have place holders, with escapes for the editor: what is shown is what it inserts. */
function snippet({ label, description, body }: Snippet): string {
  const text = JSON.stringify(body, undefined, 2)
    .replace(/"\^\\"((?:[^"\\]|\\.)*?)\\""/g, '"$1"')
    .replace(/\\\\\$/g, '$')
    .replace(/\$\{\d+:([^}]*)\}/g, '$1');
  return `${label}: ${description}.\n\n${text.replace(/^/gm, '    ')}`;
}

/** The text of docs/launch.md for a package.json. */
export function launchReference(manifest: Manifest): string {
  const [debuggerType] = manifest.contributes.debuggers;
  const requests = Object.entries(debuggerType.configurationAttributes).map(
    ([request, { properties }]) =>
      `## \`"request": "${request}"\`\n\n${Object.entries(properties).map(attribute).join('\n')}`,
  );
  const settings = Object.entries(manifest.contributes.configuration.properties).map(([name, it]) => {
    const text = it.markdownDescription ?? it.description ?? '';
    return `| \`${name}\` | ${typeOf(it)} | ${cell(text)} | ${code(it.default)} |`;
  });
  return [
    '# Reference of launch.json and of the settings',
    'Generated from package.json by `npm run docs:launch`; do not edit.',
    'A configuration has `"type": "trapline"`, a `"request"`, a `"name"`, and the attributes below. The names are those of ' +
      '`guest.json`\nand of the options of `trapline run`. Attributes win over the `guest.json` of `program`; relative paths ' +
      'start at the workspace folder.',
    ...requests,
    '## Examples',
    ...debuggerType.configurationSnippets.map(snippet),
    '## Settings',
    ['| setting | type | meaning | default |', '|---|---|---|---|', ...settings].join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

/** The text for the package.json of this checkout. */
export function currentLaunchReference(): string {
  return launchReference(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(LAUNCH_REFERENCE, currentLaunchReference());
