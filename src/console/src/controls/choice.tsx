/** A choice of a few values, drawn as a chip over the platform's own list: the best one for keyboards, phones and readers. */
import type { ReactNode } from 'react';
import { Icon } from './icons.tsx';

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly Option[];
  readonly onChange: (value: string) => void;
}): ReactNode {
  return (
    <span className="choice">
      <select
        className="choice-select"
        aria-label={props.label}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      >
        {props.options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <Icon name="down" size={12} />
    </span>
  );
}
