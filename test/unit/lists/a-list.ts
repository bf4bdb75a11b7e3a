import type { ConfigFault, SourceFile } from '../../../src/domain/config-fault.ts';
import { type ListGeneration, loadLists } from '../../../src/rules/lists/load-lists.ts';

export const HEADER = 'id,entity,expires,source,reason,person';

interface ListShape {
  readonly name?: string;
  readonly kind?: string;
  readonly entities?: string;
  readonly more?: string;
  readonly csv?: string;
}

/** The two files of one list; `more` are further lines of its declaration. */
export function aList(shape: ListShape = {}): readonly SourceFile[] {
  const name = shape.name ?? 'bad_accounts';
  const declaration = [
    'version: 1',
    'lists:',
    `  - name: ${name}`,
    '    title: { en: "Bad accounts", zh-CN: "问题账户" }',
    `    kind: ${shape.kind ?? 'deny'}`,
    `    entities: ${shape.entities ?? '[account, counterparty]'}`,
    `    file: ${name}.csv`,
    ...(shape.more ?? 'reason: LIST_TEST').split('\n').map((line) => `    ${line}`),
  ].join('\n');
  return [
    { file: `lists/${name}.yaml`, text: declaration },
    { file: `lists/${name}.csv`, text: shape.csv ?? `${HEADER}\n` },
  ];
}

export function loaded(files: readonly SourceFile[]): ListGeneration {
  const result = loadLists({ files });
  if (!result.ok) throw new Error(result.error.map((fault) => `${fault.file}: ${fault.message}`).join('\n'));
  return result.value;
}

export function faultsOf(files: readonly SourceFile[], reasons?: ReadonlySet<string>): readonly ConfigFault[] {
  const result = loadLists({ files, ...(reasons === undefined ? {} : { reasons }) });
  return result.ok ? [] : result.error;
}
