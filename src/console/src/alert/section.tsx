import { type ReactNode, useId } from 'react';

export function Section(props: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly isWide?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  const id = useId();
  return (
    <section className={props.isWide === true ? 'section wide' : 'section'} aria-labelledby={id}>
      <div className="section-head">
        <h3 id={id}>{props.title}</h3>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}
