/** docs/configuration.md, made from vigil.yaml and its schema, so that the page cannot say anything else than they do. */
import { settingsLeaves } from './settings-schema.ts';

/** `text` is the shipped vigil.yaml: one key a line, its default, and after " # " what it means. */
export function configReference(text: string): string {
  const leaves = new Map(settingsLeaves().map((leaf) => [leaf.path, leaf.schema]));
  const rows: string[] = [];
  const parents: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^( *)(\w+):(?: (.*?))?(?: # (.*))?$/.exec(line);
    if (match === null) continue;
    const [, indent = '', key = '', value = '', meaning = ''] = match;
    parents.length = indent.length / 2;
    const path = [...parents, key].join('.');
    const schema = leaves.get(path);
    if (schema === undefined) parents.push(key);
    else {
      const withoutEnv = meaning.replace(/^VIGIL_[A-Z_]+(?: \(([^)]*)\))?(?:: )?/, (_all, note: string | undefined) =>
        note === undefined ? '' : `(${note}) `,
      );
      const cells = [`\`${path}\``, `\`${value}\``, schema.env === undefined ? '' : `\`${schema.env}\``, withoutEnv];
      rows.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
    }
  }
  return [
    '# Configuration',
    '',
    'Every key of `vigil.yaml` with its default. A folder of your own (`--config DIR` or `VIGIL_CONFIG`) needs only what',
    'differs: its `vigil.yaml` is merged key by key; `features.yaml`, `channels.yaml`, `policy.yaml` and the reasons replace',
    'their namesake whole; a folder (`rules/`, `limits/`, `lists/`, `models/`) replaces the shipped folder whole, also when it is',
    'empty. A key with an environment variable takes its value from there when it is set. `vigil config show` prints what is in',
    'force and where each value comes from; `vigil config check` prints all faults at once and ends with exit code 2.',
    '',
    '| key | default | environment | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
