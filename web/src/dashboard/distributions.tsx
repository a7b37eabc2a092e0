import type { JSX } from 'preact';
export function DistributionsTab({ id }: { id: string }): JSX.Element { return <p>{id}</p>; }
