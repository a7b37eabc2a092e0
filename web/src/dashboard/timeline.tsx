import type { JSX } from 'preact';
export function TimelineTab({ id }: { id: string }): JSX.Element { return <p>{id}</p>; }
