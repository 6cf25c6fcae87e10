import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { LAUNCH_ATTRIBUTES, parseLaunchArguments } from './launch-arguments.ts';

interface Manifest {
  contributes: {
    debuggers: {
      type: string;
      configurationAttributes: { launch: { properties: Record<string, { description?: string }> } };
      initialConfigurations: Record<string, unknown>[];
      configurationSnippets: { label: string; description: string; body: Record<string, unknown> }[];
    }[];
  };
}

describe('the manifest of the extension', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const [debuggerOf] = (JSON.parse(text) as Manifest).contributes.debuggers;

  it('describes every launch attribute that the adapter takes, and no other', () => {
    const { properties } = debuggerOf.configurationAttributes.launch;
    assert.deepEqual(Object.keys(properties).sort(), [...LAUNCH_ATTRIBUTES].sort());
    for (const [name, { description }] of Object.entries(properties)) assert.ok((description?.length ?? 0) > 10, name);
  });

  it('offers configurations that the adapter accepts', () => {
    const bodies = debuggerOf.configurationSnippets.map(({ body }) => body);
    for (const configuration of [...debuggerOf.initialConfigurations, ...bodies]) {
      assert.equal(configuration['type'], debuggerOf.type);
      parseLaunchArguments(configuration);
    }
  });
});
