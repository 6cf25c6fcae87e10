/** What all views look like: the editor's own colours, borders and metrics. */
import { css } from 'lit';

export const viewStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100%;
    min-width: 0;
    color: var(--vscode-foreground);
    font-size: var(--vscode-font-size);
    container: view / inline-size;
    --mono: var(--vscode-editor-font-family, monospace);
    --mono-size: calc(var(--vscode-font-size, 13px) - 1px);
    --quiet: var(--vscode-descriptionForeground);
    --line: var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
    --good: var(--vscode-charts-green, #388a34);
    --warn: var(--vscode-editorWarning-foreground, #bf8803);
    --bad: var(--vscode-charts-red, #e51400);
    --info: var(--vscode-charts-blue, #1a85ff);
  }
  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 6px;
    padding: 6px 12px;
  }
  .toolbar .grow {
    flex: 1 1 130px;
    min-width: 90px;
  }
  .summary {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 2px 14px;
    padding: 6px 12px 4px;
    color: var(--quiet);
  }
  .summary strong {
    color: var(--vscode-foreground);
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .summary .big {
    font-size: 1.6em;
    line-height: 1.1;
  }
  .fill {
    flex: 1;
    min-height: 0;
  }
  .message {
    padding: 12px;
    color: var(--quiet);
    line-height: 1.5;
  }
  .error {
    margin: 4px 12px;
    padding: 4px 8px;
    color: var(--vscode-inputValidation-errorForeground, var(--vscode-foreground));
    background: var(--vscode-inputValidation-errorBackground, transparent);
    border: 1px solid var(--vscode-inputValidation-errorBorder, var(--bad));
    border-radius: 2px;
  }
  .mono {
    font-family: var(--mono);
    font-size: var(--mono-size);
  }
  .quiet {
    color: var(--quiet);
  }
  .state {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    color: var(--quiet);
    white-space: nowrap;
  }
  .state::before {
    content: '';
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--quiet);
  }
  .state.running::before {
    background: var(--vscode-debugIcon-startForeground, var(--good));
  }
  .state.stopped::before {
    background: var(--vscode-debugIcon-pauseForeground, var(--info));
  }
  button.link {
    all: unset;
    cursor: pointer;
    color: var(--vscode-textLink-foreground);
    border-radius: 2px;
  }
  button.link:hover {
    text-decoration: underline;
  }
  button.link:focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
  }
  .tabs {
    display: flex;
    gap: 2px;
    padding: 0 8px;
    border-bottom: 1px solid var(--line);
    overflow-x: auto;
    scrollbar-width: none;
  }
  .tabs button {
    all: unset;
    box-sizing: border-box;
    cursor: pointer;
    padding: 4px 6px;
    white-space: nowrap;
    color: var(--vscode-panelTitle-inactiveForeground, var(--quiet));
    border-bottom: 1px solid transparent;
  }
  .tabs button:hover {
    color: var(--vscode-panelTitle-activeForeground, var(--vscode-foreground));
  }
  .tabs button[aria-selected='true'] {
    color: var(--vscode-panelTitle-activeForeground, var(--vscode-foreground));
    border-bottom-color: var(--vscode-panelTitle-activeBorder, var(--vscode-focusBorder));
  }
  .tabs button:focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
    outline-offset: -1px;
  }
  .tabs .count {
    color: var(--quiet);
    font-size: 0.9em;
    margin-left: 3px;
  }
`;
