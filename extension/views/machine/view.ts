/** The Machine view: the CPU that the guest sees beside the one that executes it, and the devices, field by field. */
import { css, html, nothing, type TemplateResult } from 'lit';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type { MachineResponse } from '../../../debug-adapter/protocol.ts';
import { formatCount } from '../ui/format.ts';
import type { Column, TraplineTable, TreePlace } from '../ui/table.ts';
import '../ui/table.ts';
import { viewStyles } from '../ui/styles.ts';
import { ViewElement } from '../ui/view-element.ts';
import { machineRows, matchingRows, openRows, withField, type MachineRow } from './model.ts';

interface Remembered {
  open: string[];
  filter: string;
}

class MachineView extends ViewElement {
  static override styles = [
    viewStyles,
    css`
      .edit {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 4px 12px;
        border-top: 1px solid var(--line);
      }
      .edit vscode-textfield {
        flex: 1;
        font-family: var(--mono);
      }
    `,
  ];
  private readonly kept = this.host.recall<Remembered>({ open: ['core', 'cp15'], filter: '' });
  private machine: MachineResponse | undefined;
  private rows: MachineRow[] = [];
  /** Values when the guest stood before, to mark what has changed. */
  private earlier = new Map<string, string>();
  private values = new Map<string, string>();
  private version = -1;
  private editing: MachineRow | undefined;

  protected override async load(): Promise<void> {
    if (!this.isAlive) return;
    const { version } = this.session;
    const machine = await this.host.request<MachineResponse>('trapline/machine');
    this.machine = machine;
    this.rows = machineRows(machine);
    if (version !== this.version) this.earlier = this.values;
    this.version = version;
    this.values = new Map(this.rows.map(({ key, value }) => [key, value]));
  }

  protected override forget(): void {
    this.earlier = new Map();
    this.values = new Map();
    [this.version, this.editing, this.machine] = [-1, undefined, undefined];
  }

  protected override render(): TemplateResult {
    const { machine } = this;
    if (!machine)
      return html`${this.problemBox()}
        <div class="message">The registers of the machine appear here, as soon as a guest is debugged.</div>`;
    const { board, mode, instructions, time, memory } = machine;
    const size = memory.reduce((sum, slot) => sum + slot.size, 0);
    return html`<div class="toolbar">
        <vscode-textfield
          class="grow"
          placeholder="Filter registers and fields"
          label="Filter"
          .value=${this.kept.filter}
          @input=${(event: Event) => this.set({ filter: (event.target as HTMLInputElement).value })}
        ></vscode-textfield>
      </div>
      ${this.problemBox()}
      <div class="summary">
        <span><strong>${board}</strong>, ${mode}</span>
        <span><strong>${size / 2 ** 20}</strong> MB</span>
        <span><strong id="instructions">${formatCount(instructions)}</strong> instructions</span>
        <span title="Guest time"><strong>${(time / 1e6).toFixed(3)}</strong> ms</span>
        ${this.stateMark()}
      </div>
      ${this.table(machine)} ${this.editor()}`;
  }

  private table({ physical }: MachineResponse): TemplateResult {
    const { filter } = this.kept;
    const open = new Set(this.kept.open);
    const rows = filter.trim() === '' ? openRows(this.rows, open) : matchingRows(this.rows, filter.trim());
    const columns: Column<MachineRow>[] = [
      {
        ...{ id: 'name', title: 'Register', width: 'minmax(110px, 1fr)' },
        cell: ({ name, depth }) => (depth === 1 ? html`<strong>${name}</strong>` : name),
        tooltip: ({ name }) => name,
      },
      {
        ...{ id: 'value', title: physical ? 'Virtual' : 'Value', width: '88px', mono: true },
        cell: (row) => this.value(row),
      },
      ...(physical
        ? [
            {
              ...{ id: 'physical', title: 'Physical', width: '88px', mono: true, hideBelow: 330 },
              cell: ({ value, physical: theirs }: MachineRow) =>
                theirs !== '' && theirs !== value
                  ? html`<strong>${theirs}</strong>`
                  : html`<span class="quiet">${theirs}</span>`,
              tooltip: ({ value, physical: theirs }: MachineRow) =>
                theirs !== '' && theirs !== value ? 'The physical CPU has another value' : undefined,
            },
          ]
        : []),
      {
        ...{ id: 'meaning', title: 'Meaning', width: 'minmax(70px, 2fr)' },
        cell: ({ meaning }) => html`<span class="quiet">${meaning}</span>`,
        tooltip: ({ meaning }) => meaning,
      },
    ];
    const placeOf = ({ key, depth, hasChildren }: MachineRow): TreePlace => ({
      depth,
      expanded: hasChildren ? open.has(key) || filter.trim() !== '' : undefined,
    });
    return html`<trapline-table
      class="fill"
      label="Registers of the machine"
      .columns=${columns}
      .rows=${rows}
      .keyOf=${({ key }: MachineRow) => key}
      .placeOf=${placeOf}
      .rowLabel=${({ name, value, meaning }: MachineRow) => `${name} ${value} ${meaning}`}
      .empty=${'No register or field has this name.'}
      @toggle=${(event: CustomEvent<MachineRow>) => this.toggle(event.detail.key)}
      @open=${(event: CustomEvent<MachineRow>) => this.openRow(event.detail)}
      @edit=${(event: CustomEvent<MachineRow>) => this.edit(event.detail)}
    ></trapline-table>`;
  }

  private value({ key, value }: MachineRow): TemplateResult | string {
    const before = this.earlier.get(key);
    return before === undefined || before === value ? value : html`<span class="changed">${value}</span>`;
  }

  private editor(): TemplateResult | typeof nothing {
    const { editing } = this;
    if (!editing) return nothing;
    return html`<div class="edit">
      <label for="new-value">${editing.key.split('/').slice(1).join('.')}</label>
      <vscode-textfield
        id="new-value"
        label="New value"
        .value=${editing.value}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === 'Enter') this.write(editing, (event.target as HTMLInputElement).value);
          if (event.key === 'Escape') this.stopEditing();
        }}
      ></vscode-textfield>
    </div>`;
  }

  private openRow(row: MachineRow): void {
    if (row.hasChildren && row.depth === 1) this.toggle(row.key);
    else this.edit(row);
  }

  private edit(row: MachineRow): void {
    if (!row.writable && !row.field) {
      if (row.depth > 1) this.fail(`${row.name} cannot be changed: ${whyNot(row)}.`);
      return;
    }
    if (this.session.state !== 'stopped') {
      this.fail('The guest is running; pause it to change a register.');
      return;
    }
    this.fail('');
    this.editing = row;
    this.requestUpdate();
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('#new-value')?.focus());
  }

  private stopEditing(): void {
    this.editing = undefined;
    this.requestUpdate();
    this.renderRoot.querySelector<TraplineTable<MachineRow>>('trapline-table')?.focusRows();
  }

  private write(row: MachineRow, text: string): void {
    const target = row.writable ?? row.field?.register;
    if (!target) return;
    this.attempt(async () => {
      const value = row.field ? withField(row.field, text) : text;
      const { scopes } = await this.host.request<{ scopes: { name: string; variablesReference: number }[] }>('scopes', {
        frameId: 1,
      });
      const scope = scopes.find(({ name }) => name === target.scope);
      if (!scope) throw new Error(`The debug adapter has no scope ${target.scope}.`);
      await this.host.request('setVariable', {
        variablesReference: scope.variablesReference,
        ...{ name: target.name, value },
      });
      this.stopEditing();
      this.reload();
    });
  }

  private toggle(key: string): void {
    const open = new Set(this.kept.open);
    if (!open.delete(key)) open.add(key);
    this.set({ open: [...open] });
  }

  private set(change: Partial<Remembered>): void {
    Object.assign(this.kept, change);
    this.host.remember(this.kept);
    this.requestUpdate();
  }
}

function whyNot({ key }: MachineRow): string {
  if (key.startsWith('device')) return 'device registers are only shown';
  return key.split('/').length > 2 ? 'change its register as a whole' : 'the hardware has it read-only';
}

customElements.define('trapline-machine', MachineView);
document.body.append(document.createElement('trapline-machine'));
