import type { JSX } from 'preact';
import type { Variable } from './types';
export function ValuesTab({ id }: { id: string; variables: Variable[]; ready: boolean }): JSX.Element { return <p>{id}</p>; }
